// The graph: structure from the DAG, state from the statuses; edges on a canvas, nodes as buttons when near and as
// coloured boxes when far. Boxes are [left, top, right, bottom].
import { camera } from "../camera.js";
import { button, colours, h, icon, onTheme, set } from "../dom.js";
import { STATUS, duration } from "../format.js";

const NEAR = 0.4; // below this scale names cannot be read
const LINES = 0.14; // and curves not told from lines
const MOST_BUTTONS = 350;
const MINI = [136, 108];
// In the order of drawing: what went wrong comes last, in full colour and never too small to see.
const TOKENS = { made: "line-2", queued: "line-3", planned: "cache", skipped: "wait", cached: "cache", succeeded: "ok", cancelled: "stop", running: "run", lost: "lost", "upstream-failed": "up", failed: "fail" };
const LOUD = ["running", "lost", "upstream-failed", "failed"];

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
const touching = (items, [left, top, right, bottom]) =>
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
    const symbol = statuses ? status : "step";
    const text = JSON.stringify([status, state]);
    if (text !== node.text) changed.add(node);
    Object.assign(node, { state, status, word, symbol, text, began: Date.parse(state.started_at), ended: Date.parse(state.ended_at) });
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
const shareOf = (scene, node) =>
  ["succeeded", "failed", "running"].includes(node.status) ? Math.min(1, spent(node) / scene.span_s || 0) : 0;

/** [status, how many, word] of a collapsed fan-out. */
const countsOf = ({ state: { counts } }) => Object.entries(counts ?? {}).map(([status, n]) => [STATUS[status][0], n, STATUS[status][1]]);

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

function labelOf(scene, node) {
  const name = (node.kind === "artifact" ? "artifact " : "") + node.name + moreOf(node);
  return [name, node.kind === "step" && !node.size && node.word, lineOf(scene, node)].filter(Boolean).join(", ");
}

/** `onChoose(node)` is told of clicks and Enter. */
export function graphView(onChoose) {
  const canvas = h("canvas");
  const sheet = h("div", { role: "none" });
  const layer = h("div.layer", { role: "none" }, sheet);
  const mini = h("canvas.mini.desk", { "aria-hidden": "true" });
  const tree = h("div.gview", { role: "tree", tabindex: 0 }, canvas, layer);
  const zoom = (factor) => eye.zoom(factor, [width / 2, height / 2], true);
  const tool = (name, label, act) => button(".btn.icon", icon(name), act, { "aria-label": label, title: label });
  const root = h("div.canvas", tree, mini, h("div.tools", tool("plus", "Zoom in", () => zoom(1.3)), tool("minus", "Zoom out", () => zoom(1 / 1.3)), tool("fit", "Fit", () => fit())));
  const ink = canvas.getContext("2d");
  const miniInk = mini.getContext("2d");
  const ratio = devicePixelRatio;
  let scene, hits, selected, active, colour, overview, frame, settle;
  let [width, height, laid, miniZ] = [0, 0, 1, 1];
  const ask = () => (frame ||= requestAnimationFrame(draw));
  const eye = camera(tree, ask);

  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!scene || !width) return;
    const { x, y, z } = eye;
    const sight = [-x / z, -y / z, (width - x) / z, (height - y) / z];
    const seen = touching(scene.nodes, sight);
    const far = z < NEAR || seen.length > MOST_BUTTONS;
    root.classList.toggle("far", far);
    ink.reset();
    ink.setTransform(ratio * z, 0, 0, ratio * z, ratio * x, ratio * y);
    drawEdges(touching(scene.edges, sight), z);
    if (far) drawBoxes(ink, seen, z, hits ? 0.3 : 0.6);
    placeButtons(far ? [] : seen);
    drawMini(sight);
  }

  function drawEdges(edges, z) {
    const paths = { plain: new Path2D(), dead: new Path2D(), critical: new Path2D() };
    for (const { points, mark } of edges) {
      let [px, py] = points[0];
      paths[mark].moveTo(px, py);
      for (const [qx, qy] of points) {
        if (z < LINES || px === qx) paths[mark].lineTo(qx, qy);
        else paths[mark].bezierCurveTo(px, (py + qy) / 2, qx, (py + qy) / 2, qx, qy);
        [px, py] = [qx, qy];
      }
    }
    const thin = Math.min(1, z); // lines keep their width when one looks from far
    const fine = z < NEAR ? 0.8 : 1.25;
    for (const [mark, token, alpha, more] of [["plain", "line-3", z < LINES ? 0.5 : 0.75, 0], ["dead", "up", 1, 0], ["critical", "text", 1, 0.75]]) {
      Object.assign(ink, { strokeStyle: colour[token], lineWidth: (fine + more) / thin, globalAlpha: hits ? alpha / 2 : alpha });
      ink.setLineDash(mark === "dead" ? [4 / thin, 3 / thin] : []);
      ink.stroke(paths[mark]);
    }
  }

  function drawBoxes(pen, nodes, z, alpha) {
    const drawAll = (token, some = [], least) => {
      pen.fillStyle = colour[token];
      for (const node of some) {
        const [wide, high] = [Math.max(node.width, least / z), Math.max(node.height, least / z)];
        pen.fillRect(node.x - wide / 2, node.y - high / 2, wide, high);
      }
    };
    const groups = {};
    for (const node of nodes) (groups[node.status] ??= []).push(node);
    for (const status in TOKENS) {
      const loud = LOUD.includes(status);
      pen.globalAlpha = loud && !hits ? 1 : alpha;
      drawAll(TOKENS[status], groups[status], loud ? 3 : 1);
    }
    pen.globalAlpha = 1;
    if (hits) drawAll("accent", nodes.filter((node) => hits.has(node)), 4);
    if (!selected || pen !== ink) return;
    Object.assign(pen, { strokeStyle: colour.accent, lineWidth: 3 / z });
    pen.strokeRect(selected.box[0] - 4 / z, selected.box[1] - 4 / z, selected.width + 8 / z, selected.height + 8 / z);
  }

  function placeButtons(seen) {
    const keep = new Set([...seen, active]); // aria-activedescendant always has its element
    for (const each of [...sheet.children]) if (!keep.has(each.node)) each.remove();
    sheet.append(...[...keep].filter((node) => !node.button?.isConnected).map(dress));
    const place = () => (layer.style.transform = `translate(${eye.x}px,${eye.y}px) scale(${eye.z / laid})`);
    place();
    // Its own layer while it moves; afterwards laid out at its scale, so that text and lines are sharp.
    layer.style.willChange = "transform";
    clearTimeout(settle);
    settle = setTimeout(() => {
      layer.style.willChange = "";
      if (seen[0]) sheet.style.zoom = laid = eye.z;
      place();
    }, 160);
  }

  function dress(node) {
    const { box, width: wide, height: high, size, kind, status } = node;
    const label = labelOf(scene, node);
    if (!node.button) {
      node.button = h("button", { type: "button", id: `g-${node.index}`, role: "treeitem", tabindex: -1, "data-id": node.id });
      node.button.node = node;
      Object.assign(node.button.style, { left: `${box[0]}px`, top: `${box[1]}px`, width: `${wide}px`, height: `${high}px` });
    }
    set(node.button, {
      class: `gnode ${size ? "group" : kind}${hits?.has(node) ? " hit" : ""}${node === active ? " active" : ""}`,
      title: label,
      "data-status": status,
      "aria-label": label,
      [size ? "aria-expanded" : "aria-selected"]: String(node === selected),
    });
    if (node.label !== label) node.button.replaceChildren(...content(node));
    node.label = label;
    return node.button;
  }

  function content(node) {
    const { size, status } = node;
    const name = h("b.cut", node.name, h("span.t3", moreOf(node)));
    if (node.kind === "artifact") return [icon(node.icon), name];
    const counts = countsOf(node);
    const line = size ? counts.map(([each, n]) => h("span.status", { "data-status": each }, icon(each), n)) : lineOf(scene, node);
    const bars = (size ? counts : [[status, shareOf(scene, node)]]).map(([each, part]) => {
      const bar = h("i", { "data-status": each });
      bar.style.width = `${(part / (size ?? 1)) * 100}%`;
      return bar;
    });
    return [icon(size ? "right" : node.symbol), h("span.two", name, line && h("small.cut", line)), h("span.share", bars)];
  }

  const middleOf = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];

  function drawMini(sight) {
    const [left, top, right, bottom] = scene.box;
    const middle = middleOf(scene.box);
    if (!overview) {
      miniZ = Math.min((MINI[0] - 12) / (right - left), (MINI[1] - 12) / (bottom - top), 0.2);
      overview = h("canvas", { width: mini.width, height: mini.height });
      const pen = overview.getContext("2d");
      const s = miniZ * ratio;
      pen.setTransform(s, 0, 0, s, mini.width / 2 - s * middle[0], mini.height / 2 - s * middle[1]);
      drawBoxes(pen, scene.steps, miniZ, 0.5);
    }
    miniInk.reset();
    miniInk.drawImage(overview, 0, 0);
    miniInk.scale(ratio, ratio);
    miniInk.strokeStyle = colour.accent;
    const [l, t, r, b] = sight.map((edge, i) => Math.max(2.5, Math.min(MINI[i % 2] - 4.5, MINI[i % 2] / 2 + miniZ * (edge - middle[i % 2]))));
    miniInk.strokeRect(l, t, r - l, b - t);
  }

  // ── where one looks ──
  /** All of it; when opening and that could not be read, its width from the top. */
  function fit(opens) {
    const [left, top, right, bottom] = scene.box;
    const across = Math.min(1, (width - 48) / (right - left));
    const all = Math.min(across, (height - 40) / (bottom - top));
    const z = opens && all < 0.7 && across >= 0.7 ? across : all;
    const spare = Math.max(0, height - 40 - z * (bottom - top));
    eye.go((width - z * (left + right)) / 2, 20 + spare / 8 - z * top, z, !opens);
    if (opens && selected) reveal(selected);
  }

  const centre = ([x, y], z, flies) => eye.go(width / 2 - x * z, height / 2 - y * z, z, flies);

  /** Moves only if the node is out of sight or unreadable. */
  function reveal({ box }, flies) {
    const { x, y, z } = eye;
    const [left, top, right, bottom] = box;
    const inside = z * left + x > 8 && z * right + x < width - 8 && z * top + y > 8 && z * bottom + y < height - 8;
    if (z < NEAR || !inside) centre(middleOf(box), z < NEAR ? 0.9 : z, flies);
  }

  function refresh(changed) {
    for (const node of changed) if (node?.button) dress(node);
    overview = null;
    ask();
  }

  function activate(node) {
    const before = active;
    active = node;
    tree.setAttribute("aria-activedescendant", `g-${node.index}`);
    refresh([before, node]);
  }

  function lookAt(node) {
    if (!node) return;
    activate(node);
    reveal(node, true);
  }

  // ── mouse and keys ──
  tree.addEventListener("click", (event) => {
    tree.focus({ preventScroll: true });
    if (eye.dragged || !scene) return;
    const [px, py] = eye.at(event);
    const slack = root.classList.contains("far") ? 4 : 0;
    const place = [px - eye.x - slack, py - eye.y - slack, px - eye.x + slack, py - eye.y + slack].map((v) => v / eye.z);
    const node = event.target.closest("[data-id]")?.node ?? touching(scene.nodes, place)[0];
    lookAt(node);
    if (node) onChoose(node);
  });
  mini.onpointerdown = mini.onpointermove = (event) => {
    if (!event.buttons) return;
    mini.setPointerCapture(event.pointerId);
    const middle = middleOf(scene.box);
    centre(eye.at(event, mini).map((pixel, i) => (pixel - MINI[i] / 2) / miniZ + middle[i]), eye.z);
  };

  const nearest = (nodes) => nodes.reduce((best, node) => (best && Math.abs(best.x - active.x) <= Math.abs(node.x - active.x) ? best : node), null);
  const beside = (sign) => nearest(scene.nodes.filter((node) => Math.abs(node.y - active.y) < 12 && (node.x - active.x) * sign > 0));
  const keys = {
    ArrowDown: () => lookAt(nearest(active.below)),
    ArrowUp: () => lookAt(nearest(active.above)),
    ArrowLeft: () => lookAt(beside(-1)),
    ArrowRight: () => lookAt(beside(1)),
    Home: () => lookAt(scene.nodes[0]),
    End: () => lookAt(scene.nodes.at(-1)),
    "+": () => zoom(1.3),
    "-": () => zoom(1 / 1.3),
    0: () => fit(),
    Enter: () => onChoose(active),
    " ": () => onChoose(active),
  };
  tree.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey || !active) return;
    event.preventDefault();
    keys[event.key]();
  });

  // ── size and theme ──
  const resized = new ResizeObserver(() => {
    const before = width;
    width = root.clientWidth;
    if (!width) return;
    height = root.clientHeight;
    for (const [each, wide, high] of [[canvas, width, height], [mini, ...MINI]]) {
      Object.assign(each, { width: wide * ratio, height: high * ratio });
      Object.assign(each.style, { width: `${wide}px`, height: `${high}px` });
    }
    if (before) eye.x += (width - before) / 2;
    else if (scene) fit(true);
    draw();
  });
  resized.observe(root);
  const restyle = () => {
    colour = colours(["text", "accent", ...Object.values(TOKENS)]);
    refresh([]);
  };
  const stopTheme = onTheme(restyle);
  restyle();

  return {
    root,
    tree,
    lookAt,
    refresh,
    /** Draws a scene; an anchor [node before, node now] keeps its place on the screen. */
    show(next, selectedId, anchor) {
      const first = !scene;
      [scene, hits] = [next, null];
      sheet.replaceChildren();
      selected = scene.byId.get(selectedId);
      activate(anchor?.[1] ?? selected ?? scene.failures[0] ?? scene.nodes[0]);
      if (anchor) eye.go(eye.x + (anchor[0].x - anchor[1].x) * eye.z, eye.y + (anchor[0].y - anchor[1].y) * eye.z, eye.z);
      else if (first && width) fit(true);
      draw();
    },
    select(id, mayMove) {
      const before = selected;
      selected = scene?.byId.get(id);
      refresh([before, selected]);
      if (mayMove) lookAt(selected);
    },
    mark(found) {
      hits = found;
      root.classList.toggle("searching", Boolean(found));
      refresh(scene?.nodes ?? []);
    },
    destroy() {
      scene = null;
      clearTimeout(settle);
      stopTheme();
      resized.disconnect();
    },
  };
}
