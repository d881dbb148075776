// The graph as it is drawn: structure from the DAG, state from the statuses. Boxes are [left, top, right, bottom].
import { STATUS, duration } from "../format.js";

const ICONS = { table: /frame|table|csv|parquet|series/i, array: /array|tensor/i, models: /model|estimator|classifier|regressor/i, report: /html|report|plot|image|figure/i, doc: /str\b|string|text|markdown/i, json: /dict|list|json|int\b|float|bool/i };

export function sceneOf({ nodes: given, edges: links, groups = [] }) {
  const sizes = new Map(groups.map((group) => [group.id, group.size]));
  const nodes = given.map((node, index) => ({
    ...node,
    index,
    size: sizes.get(node.id),
    icon: Object.keys(ICONS).find((name) => ICONS[name].test(node.data_type)) ?? "artifacts",
    box: [node.x - node.width / 2, node.y - node.height / 2, node.x + node.width / 2, node.y + node.height / 2],
    above: [],
    below: [],
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = links.map(({ source, target, bends = [] }) => {
    const [from, to] = [byId.get(source), byId.get(target)];
    from.below.push(to);
    to.above.push(from);
    const points = [[from.x, from.box[3]], ...bends, [to.x, to.box[1]]];
    const xs = points.map(([x]) => x);
    return { from, to, points, box: [Math.min(...xs), from.box[3], Math.max(...xs), to.box[1]] };
  });
  const box = [0, 1, 2, 3].map((side) => Math[side < 2 ? "min" : "max"](...nodes.map((node) => node.box[side])));
  const reading = [...nodes].sort((a, b) => a.y - b.y || a.x - b.x);
  return { nodes, byId, edges, box, reading, steps: reading.filter((node) => node.kind !== "artifact"), failures: [] };
}

/** What lies in the box or touches it. */
export const touching = (items, [left, top, right, bottom]) =>
  items.filter(({ box }) => box[2] >= left && box[0] <= right && box[3] >= top && box[1] <= bottom);

/** Gives every node its state; returns the set of those that changed. */
export function applyStatuses(scene, statuses) {
  const changed = new Set();
  for (const node of scene.nodes) {
    const text = JSON.stringify((node.state = statuses[node.id] ?? {}));
    if (text !== node.text) changed.add(node);
    node.text = text;
    [node.began, node.ended] = [Date.parse(node.state.started_at), Date.parse(node.state.ended_at)];
    node.status = STATUS[node.state.status]?.[0] ?? "queued";
    if (node.state.blocked_by) node.status = "upstream-failed";
  }
  const times = (key) => scene.steps.map((step) => step[key]).filter(Boolean);
  scene.running = scene.steps.some((step) => step.status === "running");
  scene.span_s = (Math.max(...(scene.running ? [Date.now()] : times("ended"))) - Math.min(...times("began"))) / 1000;
  scene.failures = scene.steps.filter((step) => step.status === "failed" || step.state.counts?.failed);
  for (const node of scene.nodes)
    if (node.kind === "artifact") {
      const status = node.state.artifact_version_id ? "made" : node.above.some(isDead) ? "upstream-failed" : "queued";
      if (status !== node.was) changed.add(node);
      node.status = node.was = status;
    }
  markPath(scene);
  return changed;
}

const isDead = ({ status }) => status === "failed" || status === "upstream-failed";

// What the end had to wait for: from the step that ended last, back over the input that came last.
function markPath(scene) {
  const end = (node) => node.ended || node.above[0]?.ended || 0;
  const latest = (nodes) => nodes.filter(end).reduce((late, node) => (late && end(late) >= end(node) ? late : node), null);
  const path = new Map();
  for (let node = latest(scene.steps); node && !path.has(node); node = path.get(node)) path.set(node, latest(node.above));
  for (const edge of scene.edges) edge.mark = isDead(edge.from) ? "dead" : path.get(edge.to) === edge.from ? "critical" : "plain";
}

const spent = ({ state, began }) => state.duration_s ?? (Date.now() - began) / 1000;

/** The share of the run's time that a step took, 0 to 1. */
export const shareOf = (scene, node) =>
  ["succeeded", "failed", "running"].includes(node.status) ? Math.min(1, spent(node) / scene.span_s || 0) : 0;

export const wordOf = ({ status }) =>
  status === "made" ? "" : Object.values(STATUS).find(([name]) => name === status)[1];

/** Counts of a collapsed group in the order of the statuses. */
export const countsOf = ({ state }) => Object.keys(STATUS).flatMap((status) => (state.counts?.[status] ? [[status, state.counts[status]]] : []));

/** The second line of a step. */
export function lineOf(scene, node) {
  const { state, status } = node;
  if (node.size) return countsOf(node).map(([name, n]) => `${n} ${STATUS[name][1].toLowerCase()}`).join(", ");
  if (node.kind === "artifact") return status === "upstream-failed" ? "not produced" : status === "queued" ? "not yet produced" : "";
  if (status === "upstream-failed") return `needs ${state.blocked_by}`;
  if (state.cached_from) return `cached from #${state.cached_from}`;
  if (!state.started_at || status === "cached" || status === "lost") return wordOf(node).toLowerCase();
  const share = shareOf(scene, node);
  return [
    duration(status === "running" ? Math.floor(spent(node)) : spent(node)),
    share >= 0.2 && status === "succeeded" && `${Math.round(share * 100)} % of run`,
    state.attempts > 1 && `attempt ${state.attempt} of ${state.attempts}`,
  ].filter(Boolean).join(" · ");
}

export const nameOf = (node) => `${node.name}${node.size ? ` × ${node.size}` : node.state.version ? ` ${node.state.version}` : ""}`;

export const labelOf = (scene, node) =>
  [node.kind === "artifact" ? `artifact ${nameOf(node)}` : nameOf(node), node.kind === "step" && wordOf(node), lineOf(scene, node)].filter(Boolean).join(", ");
