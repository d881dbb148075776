// The graph as it is drawn: structure from the DAG, state from the statuses.
import { STATUS, duration } from "../format.js";

const DEAD = new Set(["failed", "upstream-failed"]);
const CELL = 400;

/** Nodes and edges with their boxes, links and a bucket index; x and y are centres. */
export function sceneOf(dag) {
  const groups = new Map((dag.groups ?? []).map((group) => [group.id, group]));
  const nodes = dag.nodes.map((node, index) => ({
    ...node,
    index,
    kind: node.kind === "artifact" ? "artifact" : groups.has(node.id) ? "group" : node.kind,
    size: groups.get(node.id)?.size,
    icon: node.kind === "artifact" ? iconOf(node.data_type ?? "") : "step",
    status: "queued",
    state: {},
    above: [],
    below: [],
  }));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const edges = [];
  for (const { source, target, bends = [] } of dag.edges) {
    const [a, b] = [byId.get(source), byId.get(target)];
    if (!a || !b) continue;
    a.below.push(b);
    b.above.push(a);
    const points = [[a.x, a.y + a.height / 2], ...bends, [b.x, b.y - b.height / 2]];
    const xs = points.map((point) => point[0]);
    edges.push({ a, b, points, left: Math.min(...xs), right: Math.max(...xs), top: points[0][1], bottom: points.at(-1)[1] });
  }
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  const cells = new Map();
  for (const node of nodes) {
    box.left = Math.min(box.left, node.x - node.width / 2);
    box.right = Math.max(box.right, node.x + node.width / 2);
    box.top = Math.min(box.top, node.y - node.height / 2);
    box.bottom = Math.max(box.bottom, node.y + node.height / 2);
    const cell = `${Math.floor(node.x / CELL)},${Math.floor(node.y / CELL)}`;
    if (!cells.has(cell)) cells.set(cell, []);
    cells.get(cell).push(node);
  }
  const steps = nodes.filter((node) => node.kind !== "artifact").sort((a, b) => a.y - b.y || a.x - b.x);
  const hidden = nodes.reduce((sum, node) => sum + (node.size ?? 0), 0);
  return { nodes, byId, edges, box, cells, steps, groups, hidden, folded: nodes.filter((node) => node.size).length };
}

/** Nodes whose centres lie in the rectangle, or near it by less than their size. */
export function nodesIn(scene, left, right, top, bottom) {
  [left, right, top, bottom] = [left - 120, right + 120, top - 40, bottom + 40];
  const inside = (n) => n.x > left && n.x < right && n.y > top && n.y < bottom;
  if (((right - left) / CELL) * ((bottom - top) / CELL) > scene.cells.size * 2) return scene.nodes.filter(inside);
  const found = [];
  for (let i = Math.floor(left / CELL); i * CELL <= right; i++)
    for (let j = Math.floor(top / CELL); j * CELL <= bottom; j++)
      for (const node of scene.cells.get(`${i},${j}`) ?? []) if (inside(node)) found.push(node);
  return found;
}

/** Gives every node its state; returns the set of those that changed. */
export function applyStatuses(scene, statuses) {
  const changed = new Set();
  let [first, last, running] = [Infinity, -Infinity, false];
  for (const node of scene.nodes) {
    const state = statuses[node.id] ?? {};
    const text = JSON.stringify(state);
    if (text !== node.text) changed.add(node);
    node.text = text;
    node.state = state;
    if (node.kind === "artifact") continue;
    node.status = STATUS[state.status]?.[0] ?? "queued";
    if (node.status === "skipped" && state.blocked_by) node.status = "upstream-failed";
    if (state.started_at) first = Math.min(first, Date.parse(state.started_at));
    if (state.ended_at) last = Math.max(last, Date.parse(state.ended_at));
    running ||= node.status === "running";
  }
  scene.running = running;
  scene.span_s = ((running ? Date.now() : last) - first) / 1000 || 0;
  for (const node of scene.nodes) {
    if (node.kind !== "artifact") continue;
    const made = node.state.artifact_version_id || node.state.version;
    const status = made ? "made" : node.above.some((step) => DEAD.has(step.status)) ? "upstream-failed" : "queued";
    if (status !== node.status) changed.add(node);
    node.status = status;
  }
  scene.failures = scene.steps.filter((step) => step.status === "failed" || step.state.counts?.failed);
  markPath(scene);
  return changed;
}

// The chain of steps that the end had to wait for: from the last to end, back over the input that came last.
function markPath(scene) {
  const end = (node) => Date.parse(node.state.ended_at ?? node.above[0]?.state.ended_at) || 0;
  const latest = (nodes) => nodes.reduce((late, node) => (end(node) > end(late ?? node) || !late ? node : late), null);
  for (const node of scene.nodes) node.before = null;
  for (let node = latest(scene.steps.filter((step) => step.state.ended_at)); node; node = node.before)
    node.before = latest(node.above.filter(end));
  for (const edge of scene.edges)
    edge.mark = DEAD.has(edge.a.status) ? "dead" : edge.b.before === edge.a ? "critical" : "";
}

export function wordOf(node) {
  if (node.kind === "artifact") return { made: "", queued: "not yet produced" }[node.status] ?? "not produced";
  return STATUS[node.status === "succeeded" ? "completed" : node.status][1];
}

const seconds = (node) => node.state.duration_s ?? (node.state.started_at ? (Date.now() - Date.parse(node.state.started_at)) / 1000 : 0);

/** The share of the run's time that a step took, 0 to 1. */
export const shareOf = (scene, node) =>
  scene.span_s && ["succeeded", "failed", "running"].includes(node.status) ? Math.min(1, seconds(node) / scene.span_s) : 0;

/** The second line of a step. */
export function lineOf(scene, node) {
  const { state, status } = node;
  if (status === "upstream-failed") return `needs ${state.blocked_by ?? "an earlier step"}`;
  if (status === "cached") return state.cached_from ? `cached from #${state.cached_from}` : "cached";
  if (["queued", "skipped", "lost"].includes(status)) return wordOf(node).toLowerCase();
  const share = shareOf(scene, node);
  const parts = [state.duration_s != null || state.started_at ? duration(status === "running" ? Math.floor(seconds(node)) : seconds(node)) : wordOf(node).toLowerCase()];
  if (share >= 0.2 && status === "succeeded") parts.push(`${Math.round(share * 100)} % of run`);
  if (state.attempts > 1 || state.attempt > 1) parts.push(`attempt ${state.attempt ?? state.attempts} of ${state.attempts ?? state.attempt}`);
  return parts.join(" · ");
}

export function labelOf(scene, node) {
  if (node.kind === "artifact") return ["artifact", node.name, node.state.version, wordOf(node)].filter(Boolean).join(" ");
  if (node.kind !== "group") return `${node.name}, ${wordOf(node)}, ${lineOf(scene, node)}`;
  return `${node.name}, ${node.size} steps: ${countsOf(node).map(([status, n]) => `${n} ${STATUS[status][1].toLowerCase()}`).join(", ")}`;
}

/** Counts of a collapsed group in the order of the statuses. */
export const countsOf = (node) => Object.keys(STATUS).filter((status) => node.state.counts?.[status]).map((status) => [status, node.state.counts[status]]);

const ICONS = [
  [/frame|table|csv|parquet|arrow|series/i, "table"],
  [/array|tensor|matrix/i, "array"],
  [/model|estimator|classifier|regressor|module|pipeline/i, "models"],
  [/html|report|figure|plot|image|visual/i, "report"],
  [/str\b|text|markdown|path/i, "doc"],
  [/dict|list|tuple|json|int|float|bool|struct/i, "json"],
];
const iconOf = (type) => ICONS.find(([pattern]) => pattern.test(type))?.[1] ?? "artifacts";
