// The graph as it is drawn: structure from the DAG, state from the statuses. Boxes are [left, top, right, bottom].
import { STATUS, duration } from "../format.js";

const ICONS = { table: /frame|table|csv|parquet|series/i, array: /array|tensor/i, models: /model|estimator|classif|regress/i, report: /html|report|plot|image|figure/i, doc: /str\b|string|text|markdown/i, json: /dict|list|json|int\b|float|bool/i };

export function sceneOf({ nodes: given, edges: links, groups }) {
  const sizes = new Map(groups.map(({ id, size }) => [`group:${id}`, size]));
  const nodes = given.map((node, index) => ({
    ...node,
    index,
    size: sizes.get(node.id), // of a collapsed fan-out
    icon: Object.keys(ICONS).find((name) => ICONS[name].test(node.data_type)) ?? "artifacts",
    box: [node.x - node.width / 2, node.y - node.height / 2, node.x + node.width / 2, node.y + node.height / 2],
    above: [],
    below: [],
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = links.map(({ source, target, bends }) => {
    const [from, to] = [byId.get(source), byId.get(target)];
    from.below.push(to);
    to.above.push(from);
    const points = [[from.x, from.box[3]], ...bends, [to.x, to.box[1]]];
    const xs = points.map(([x]) => x);
    return { from, to, points, box: [Math.min(...xs), from.box[3], Math.max(...xs), to.box[1]] };
  });
  const box = [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...nodes.map((node) => node.box[side])));
  const reading = [...nodes].sort((a, b) => a.y - b.y || a.x - b.x);
  return { nodes, byId, edges, box, groups, reading, steps: reading.filter((node) => node.kind === "step"), failures: [] };
}

/** What lies in the box or touches it. */
export const touching = (items, [left, top, right, bottom]) =>
  items.filter(({ box }) => box[2] >= left && box[0] <= right && box[3] >= top && box[1] <= bottom);

/** Gives every node its state; returns the set of those that changed. Without statuses it is a plan. */
export function applyStatuses(scene, statuses) {
  const changed = new Set();
  for (const node of scene.nodes) {
    const state = statuses?.[node.id] ?? {};
    const text = JSON.stringify(state);
    if (text !== node.text) changed.add(node);
    Object.assign(node, { state, text, began: Date.parse(state.started_at), ended: Date.parse(state.ended_at) });
    node.status = !statuses ? "planned" : state.blocked_by ? "upstream-failed" : (STATUS[state.status]?.[0] ?? "queued");
  }
  const times = (key) => scene.steps.map((step) => step[key]).filter(Boolean);
  scene.running = scene.steps.filter((step) => step.status === "running");
  scene.span_s = (Math.max(...(scene.running.length ? [Date.now()] : times("ended"))) - Math.min(...times("began"))) / 1000;
  scene.failures = scene.steps.filter((step) => step.status === "failed");
  for (const node of scene.nodes)
    if (node.kind === "artifact" && statuses) {
      const status = node.state.artifact_version_id ? "made" : node.above.some(isDead) ? "upstream-failed" : "queued";
      if (status !== node.was) changed.add(node);
      node.status = node.was = status;
    }
  // What the end had to wait for: from the step that ended last, back over the input that came last.
  const end = (node) => node.ended || node.above[0]?.ended || 0;
  const latest = (nodes) => nodes.filter(end).reduce((late, node) => (late && end(late) >= end(node) ? late : node), null);
  const path = new Map();
  for (let node = latest(scene.steps); node; node = path.get(node)) path.set(node, latest(node.above));
  for (const edge of scene.edges) edge.mark = isDead(edge.from) ? "dead" : path.get(edge.to) === edge.from ? "critical" : "plain";
  return changed;
}

const isDead = ({ status }) => status === "failed" || status === "upstream-failed";

const spent = ({ state, began }) => state.duration_s ?? (Date.now() - began) / 1000;

/** The share of the run's time that a step took, 0 to 1. */
export const shareOf = (scene, node) =>
  ["succeeded", "failed", "running"].includes(node.status) ? Math.min(1, spent(node) / scene.span_s || 0) : 0;

export const wordOf = ({ status }) => Object.values(STATUS).find(([name]) => name === status)?.[1] ?? "";

/** [status, how many] of a collapsed fan-out, in the order of the statuses. */
export const countsOf = ({ state: { counts = {} } }) => Object.keys(STATUS).filter((status) => counts[status]).map((status) => [STATUS[status][0], counts[status], STATUS[status][1]]);

/** The second line of a step. */
export function lineOf(scene, node) {
  const { state, status } = node;
  if (node.size) return countsOf(node).map(([, n, word]) => `${n} ${word.toLowerCase()}`).join(", ");
  if (node.kind === "artifact") return { "upstream-failed": "not produced", queued: "not yet produced" }[status];
  if (status === "upstream-failed") return `needs ${state.blocked_by}`;
  if (state.cached_from) return `cached from #${state.cached_from}`;
  if (!state.started_at || status === "cached" || status === "lost") return wordOf(node).toLowerCase();
  const share = Math.round(shareOf(scene, node) * 100);
  return [
    duration(status === "running" ? Math.floor(spent(node)) : spent(node)),
    share >= 20 && status === "succeeded" && `${share} % of run`,
    state.attempts > 1 && `attempt ${state.attempt} of ${state.attempts}`,
  ].filter(Boolean).join(" · ");
}

export const nameOf = ({ name, size, state }) => name + (size ? ` × ${size}` : state.version ? ` ${state.version}` : "");

export const labelOf = (scene, node) =>
  [(node.kind === "artifact" ? "artifact " : "") + nameOf(node), node.kind === "step" && !node.size && wordOf(node), lineOf(scene, node)].filter(Boolean).join(", ");
