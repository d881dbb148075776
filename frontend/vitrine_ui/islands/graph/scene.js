// The graph as it is drawn: structure from the DAG, state from the statuses. Boxes are [left, top, right, bottom].
import { STATUS, duration } from "../format.js";

const ICONS = { table: /frame|table|csv|series/i, array: /array|tensor/i, models: /model|classif|regress/i, report: /html|plot|image|figure/i, doc: /str\b|text|markdown/i, json: /dict|list|json|int\b|float|bool/i };

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
  nodes.sort((a, b) => a.y - b.y || a.x - b.x);
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
  return { nodes, byId, edges, box, groups, steps: nodes.filter((node) => node.kind === "step") };
}

/** What lies in the box or touches it. */
export const touching = (items, [left, top, right, bottom]) =>
  items.filter(({ box }) => box[2] >= left && box[0] <= right && box[3] >= top && box[1] <= bottom);

const isDead = ({ status }) => status === "failed" || status === "upstream-failed";

/** Gives every node its state; returns the set of those that changed. Without statuses it is a plan. */
export function applyStatuses(scene, statuses) {
  const changed = new Set();
  for (const node of scene.nodes) {
    const state = statuses?.[node.id] ?? {};
    let [status, word] = STATUS[state.blocked_by ? "upstream-failed" : (state.status ?? "queued")];
    if (node.kind === "artifact")
      [status, word] = state.artifact_version_id ? ["made"] : node.above.some(isDead) ? ["upstream-failed", "not produced"] : ["queued", "not yet produced"];
    if (!statuses) [status, word] = ["planned"];
    const text = JSON.stringify([status, state]);
    if (text !== node.text) changed.add(node);
    Object.assign(node, { state, status, word, text, began: Date.parse(state.started_at), ended: Date.parse(state.ended_at) });
  }
  const { steps, edges } = scene;
  const times = (key) => steps.map((step) => step[key]).filter(Boolean);
  scene.running = steps.filter((step) => step.status === "running");
  scene.failures = steps.filter((step) => step.status === "failed");
  scene.span_s = (Math.max(...(scene.running[0] ? [Date.now()] : times("ended"))) - Math.min(...times("began"))) / 1000;
  // What the end had to wait for: from the step that ended last, back over the input that came last.
  const end = (node) => node.ended || node.above[0]?.ended || 0;
  const latest = (nodes) => nodes.reduce((late, node) => (end(node) > (late ? end(late) : 0) ? node : late), null);
  const path = new Map();
  for (let node = latest(steps); node; node = path.get(node)) path.set(node, latest(node.above));
  for (const edge of edges) edge.mark = isDead(edge.from) ? "dead" : path.get(edge.to) === edge.from ? "critical" : "plain";
  return changed;
}

const spent = ({ state, began }) => state.duration_s ?? (Date.now() - began) / 1000;

/** The share of the run's time that a step took, 0 to 1. */
export const shareOf = (scene, node) =>
  ["succeeded", "failed", "running"].includes(node.status) ? Math.min(1, spent(node) / scene.span_s || 0) : 0;

/** [status, how many, word] of a collapsed fan-out. */
export const countsOf = ({ state: { counts } }) => Object.entries(counts ?? {}).map(([status, n]) => [STATUS[status][0], n, STATUS[status][1]]);

/** The second line of a step. */
export function lineOf(scene, node) {
  const { state, status, word = "" } = node;
  if (node.size) return countsOf(node).map(([, n, each]) => `${n} ${each.toLowerCase()}`).join(", ");
  if (state.blocked_by) return `needs ${state.blocked_by}`;
  if (state.cached_from) return `cached from #${state.cached_from}`;
  if (node.kind === "artifact" || !node.began || status === "cached" || status === "lost") return word.toLowerCase();
  const share = Math.round(shareOf(scene, node) * 100);
  const parts = [duration(status === "running" ? Math.floor(spent(node)) : spent(node))];
  if (share >= 20 && status === "succeeded") parts.push(`${share} % of run`);
  if (state.attempts > 1) parts.push(`attempt ${state.attempt} of ${state.attempts}`);
  return parts.join(" · ");
}

/** What stands behind the name. */
export const moreOf = ({ size, state }) => (size ? ` × ${size}` : state.version ? ` ${state.version}` : "");

export function labelOf(scene, node) {
  const name = (node.kind === "artifact" ? "artifact " : "") + node.name + moreOf(node);
  return [name, node.kind === "step" && !node.size && node.word, lineOf(scene, node)].filter(Boolean).join(", ");
}
