// Drawing: edges on a canvas, nodes as buttons when near and as coloured boxes when far.
import { camera } from "../camera.js";
import { colours, h, icon, iconButton, onTheme, set } from "../dom.js";
import { countsOf, labelOf, lineOf, moreOf, shareOf, touching } from "./scene.js";

const NEAR = 0.4; // below this scale names cannot be read
const MOST_BUTTONS = 350;
const LINES = 0.14; // below this scale curves cannot be told from lines
const [MINI_WIDE, MINI_HIGH] = [136, 108];
// In the order of drawing: what went wrong comes last, in full colour and never too small to see.
const TOKENS = { made: "line-2", queued: "line-3", planned: "cache", skipped: "wait", cached: "cache", succeeded: "ok", cancelled: "stop", running: "run", lost: "lost", "upstream-failed": "up", failed: "fail" };
const LOUD = ["running", "lost", "upstream-failed", "failed"];

/** `onChoose(node)` is told of clicks and Enter. */
export function graphView(onChoose) {
  const canvas = h("canvas");
  const sheet = h("div", { role: "none" });
  const layer = h("div", { class: "layer", role: "none" }, sheet);
  const mini = h("canvas", { class: "mini desk", "aria-hidden": "true" });
  const tree = h("div", { class: "gview", role: "tree", tabindex: 0 }, canvas, layer);
  const zoom = (factor) => eye.zoom(factor, [width / 2, height / 2], true);
  const root = h("div", { class: "canvas" }, tree, mini, h("div", { class: "tools" },
    iconButton("plus", "Zoom in", () => zoom(1.3)), iconButton("minus", "Zoom out", () => zoom(1 / 1.3)), iconButton("fit", "Fit", () => fit())));
  const ink = canvas.getContext("2d");
  const miniInk = mini.getContext("2d");
  const ratio = devicePixelRatio || 1;
  const buttons = new Map();
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
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.clearRect(0, 0, canvas.width, canvas.height);
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
    const stroke = (mark, token, pixels, alpha, dash = []) => {
      Object.assign(ink, { strokeStyle: colour[token], lineWidth: pixels / thin, globalAlpha: hits ? alpha / 2 : alpha });
      ink.setLineDash(dash.map((length) => length / thin));
      ink.stroke(paths[mark]);
    };
    const fine = z < NEAR ? 0.8 : 1.25;
    stroke("plain", "line-3", fine, z < LINES ? 0.5 : 0.75);
    stroke("dead", "up", fine, 1, [4, 3]);
    stroke("critical", "text", fine + 0.75, 1);
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
    pen.setLineDash([]);
    pen.strokeRect(selected.box[0] - 4 / z, selected.box[1] - 4 / z, selected.width + 8 / z, selected.height + 8 / z);
  }

  function placeButtons(seen) {
    const keep = new Set([...seen, active]); // aria-activedescendant always has its element
    sheet.append(...[...keep].filter((node) => !buttons.get(node)?.isConnected).map(dress));
    for (const [node, button] of buttons) if (!keep.has(node)) button.remove();
    if (buttons.size > 2000) buttons.clear();
    const place = () => (layer.style.transform = `translate(${eye.x}px,${eye.y}px) scale(${eye.z / laid})`);
    place();
    // Its own layer while it moves; afterwards laid out at its scale, so that text and lines are sharp.
    layer.style.willChange = "transform";
    clearTimeout(settle);
    settle = setTimeout(() => {
      layer.style.willChange = "";
      if (seen.length) sheet.style.zoom = laid = eye.z;
      place();
    }, 160);
  }

  function dress(node) {
    let each = buttons.get(node);
    if (!each) {
      each = h("button", { type: "button", id: `g-${node.index}`, role: "treeitem", tabindex: -1, "data-id": node.id });
      Object.assign(each.style, { left: `${node.box[0]}px`, top: `${node.box[1]}px`, width: `${node.width}px`, height: `${node.height}px` });
      buttons.set(node, each);
    }
    const label = labelOf(scene, node);
    each.className = `gnode ${node.size ? "group" : node.kind}${hits?.has(node) ? " hit" : ""}${node === active ? " active" : ""}`;
    set(each, { "data-status": node.status, "aria-label": label, title: label, [node.size ? "aria-expanded" : "aria-selected"]: String(node === selected) });
    if (each.label !== label) each.replaceChildren(...content(node));
    each.label = label;
    return each;
  }

  function content(node) {
    const name = h("b", { class: "cut" }, node.name, h("span", { class: "t3" }, moreOf(node)));
    if (node.kind === "artifact") return [icon(node.icon), name];
    const counts = countsOf(node);
    const line = node.size ? counts.map(([status, n]) => h("span", { class: "status", "data-status": status }, icon(status), n)) : lineOf(scene, node);
    const bars = (node.size ? counts : [[node.status, shareOf(scene, node)]]).map(([status, part]) => {
      const bar = h("i", { "data-status": status });
      bar.style.width = `${(part / (node.size ?? 1)) * 100}%`;
      return bar;
    });
    const symbol = node.size ? "right" : node.status === "planned" ? "step" : node.status;
    return [icon(symbol), h("span", { class: "two" }, name, line && h("small", { class: "cut" }, line)), h("span", { class: "share" }, bars)];
  }

  function drawMini(sight) {
    const [left, top, right, bottom] = scene.box;
    const middle = [(left + right) / 2, (top + bottom) / 2];
    if (!overview) {
      miniZ = Math.min((MINI_WIDE - 12) / (right - left), (MINI_HIGH - 12) / (bottom - top), 0.2);
      overview = h("canvas", { width: mini.width, height: mini.height });
      const pen = overview.getContext("2d");
      const s = miniZ * ratio;
      pen.setTransform(s, 0, 0, s, mini.width / 2 - s * middle[0], mini.height / 2 - s * middle[1]);
      drawBoxes(pen, scene.steps, miniZ, 0.5);
    }
    miniInk.setTransform(1, 0, 0, 1, 0, 0);
    miniInk.clearRect(0, 0, mini.width, mini.height);
    miniInk.drawImage(overview, 0, 0);
    miniInk.setTransform(ratio, 0, 0, ratio, 0, 0);
    miniInk.strokeStyle = colour.accent;
    const [l, t, r, b] = sight.map((edge, i) => {
      const size = [MINI_WIDE, MINI_HIGH][i % 2];
      return Math.max(2.5, Math.min(size - 4.5, size / 2 + miniZ * (edge - middle[i % 2])));
    });
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
  }

  function open() {
    fit(true);
    if (selected) reveal(selected);
  }

  const centre = ({ x, y }, z, flies) => eye.go(width / 2 - x * z, height / 2 - y * z, z, flies);

  /** Moves only if the node is out of sight or unreadable. */
  function reveal(node, flies) {
    const { x, y, z } = eye;
    const [left, top, right, bottom] = node.box;
    const inside = z * left + x > 8 && z * right + x < width - 8 && z * top + y > 8 && z * bottom + y < height - 8;
    if (z < NEAR || !inside) centre(node, z < NEAR ? 0.9 : z, flies);
  }

  function activate(node) {
    const before = active;
    active = node;
    for (const each of [before, node]) if (buttons.has(each)) dress(each);
    tree.setAttribute("aria-activedescendant", `g-${node.index}`);
    ask();
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
    const node = scene.byId.get(event.target.closest("[data-id]")?.dataset.id) ?? touching(scene.nodes, place)[0];
    lookAt(node);
    if (node) onChoose(node);
  });
  const drag = (event) => {
    if (!event.buttons) return;
    mini.setPointerCapture(event.pointerId);
    const [px, py] = eye.at(event, mini);
    const [left, top, right, bottom] = scene.box;
    centre({ x: (px - MINI_WIDE / 2) / miniZ + (left + right) / 2, y: (py - MINI_HIGH / 2) / miniZ + (top + bottom) / 2 }, eye.z);
  };
  mini.addEventListener("pointerdown", drag);
  mini.addEventListener("pointermove", drag);

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
    "=": () => zoom(1.3),
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
    for (const [each, wide, high] of [[canvas, width, height], [mini, MINI_WIDE, MINI_HIGH]]) {
      Object.assign(each, { width: wide * ratio, height: high * ratio });
      Object.assign(each.style, { width: `${wide}px`, height: `${high}px` });
    }
    if (before) eye.x += (width - before) / 2;
    else if (scene) open();
    draw();
  });
  resized.observe(root);
  const restyle = () => {
    colour = colours(["text", "accent", ...Object.values(TOKENS)]);
    overview = null;
    ask();
  };
  const stopTheme = onTheme(restyle);
  restyle();

  const refresh = (changed) => {
    for (const node of changed) if (buttons.has(node)) dress(node);
    overview = null;
    ask();
  };

  return {
    root,
    tree,
    lookAt,
    refresh,
    /** Draws a scene; an anchor [node before, node now] keeps its place on the screen. */
    show(next, selectedId, anchor) {
      const first = !scene;
      [scene, overview, hits] = [next, null, null];
      buttons.clear();
      sheet.replaceChildren();
      selected = scene.byId.get(selectedId);
      activate(anchor?.[1] ?? selected ?? scene.failures[0] ?? scene.nodes[0]);
      if (anchor) eye.go(eye.x + (anchor[0].x - anchor[1].x) * eye.z, eye.y + (anchor[0].y - anchor[1].y) * eye.z, eye.z);
      else if (first && width) open();
      draw();
    },
    select(id, mayMove) {
      const before = selected;
      selected = scene?.byId.get(id);
      for (const each of [before, selected]) if (buttons.has(each)) dress(each);
      if (mayMove) lookAt(selected);
      ask();
    },
    mark(found) {
      hits = found;
      root.classList.toggle("searching", Boolean(found));
      refresh(buttons.keys());
    },
    destroy() {
      eye.stop();
      cancelAnimationFrame(frame);
      clearTimeout(settle);
      stopTheme();
      resized.disconnect();
    },
  };
}
