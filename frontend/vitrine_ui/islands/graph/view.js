// Drawing and camera: edges on a canvas, nodes as buttons when near and as coloured boxes when far.
import { colours, h, iconButton, onTheme } from "../dom.js";
import { nodeButton, fillNode } from "./nodes.js";
import { nodesIn } from "./scene.js";

const NEAR = 0.4; // below this scale names cannot be read
const MOST_BUTTONS = 350;
const FAR_LINES = 0.14; // below this scale curves cannot be told from lines
const MINI = { width: 136, height: 108, pad: 6 };
const TOKENS = { succeeded: "ok", made: "line-2", failed: "fail", "upstream-failed": "up", running: "run", cached: "cache", queued: "line-3", skipped: "wait", cancelled: "stop", lost: "lost" };
const LOUD = ["running", "lost", "upstream-failed", "failed"]; // drawn last and in full colour

export function graphView({ onSelect, onOpen }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const layer = h("div", { class: "layer", role: "none" });
  const mini = h("canvas", { class: "mini desk", "aria-hidden": "true" });
  const tree = h("div", { class: "gview", role: "tree", tabindex: 0 }, canvas, layer);
  const tools = h("div", { class: "tools" },
    iconButton("plus", "Zoom in", () => zoomBy(1.3)), iconButton("minus", "Zoom out", () => zoomBy(1 / 1.3)), iconButton("fit", "Fit", () => fit()));
  const root = h("div", { class: "canvas" }, tree, tools, mini);
  const [ink, miniInk] = [canvas.getContext("2d"), mini.getContext("2d")];
  const buttons = new Map();
  let scene, hits, selected, active, colour;
  let [width, height, x, y, z] = [0, 0, 0, 0, 1];
  let [frame, flight, settle, miniBase, miniScale] = [0, 0, 0, null, 1];

  const ask = () => (frame ||= requestAnimationFrame(draw));
  const restyle = () => {
    colour = colours(["surface", "line-2", "line-3", "text", "accent", ...Object.values(TOKENS)]);
    miniBase = null;
    ask();
  };

  function measure() {
    const ratio = devicePixelRatio || 1;
    const [w, hgt] = [root.clientWidth, root.clientHeight];
    if (!w || !hgt) return;
    if (width) [x, y] = [x + (w - width) / 2, y];
    [width, height] = [w, hgt];
    for (const [each, cw, ch] of [[canvas, w, hgt], [mini, MINI.width, MINI.height]]) {
      [each.width, each.height] = [cw * ratio, ch * ratio];
      [each.style.width, each.style.height] = [`${cw}px`, `${ch}px`];
    }
    draw();
  }

  // ── drawing ──
  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!scene || !width) return;
    const ratio = devicePixelRatio || 1;
    const [left, right, top, bottom] = [-x / z, (width - x) / z, -y / z, (height - y) / z];
    const seen = nodesIn(scene, left, right, top, bottom);
    const near = z >= NEAR && seen.length <= MOST_BUTTONS;
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.clearRect(0, 0, canvas.width, canvas.height);
    ink.setTransform(ratio * z, 0, 0, ratio * z, ratio * x, ratio * y);
    drawEdges(left, right, top, bottom);
    root.classList.toggle("far", !near);
    placeButtons(near ? seen : []);
    if (!near) drawBoxes(seen);
    drawMini();
  }

  function drawEdges(left, right, top, bottom) {
    const paths = { "": new Path2D(), dead: new Path2D(), critical: new Path2D() };
    for (const edge of scene.edges) {
      if (edge.right < left || edge.left > right || edge.bottom < top || edge.top > bottom) continue;
      const path = paths[edge.mark ?? ""];
      let [px, py] = edge.points[0];
      path.moveTo(px, py);
      for (let i = 1; i < edge.points.length; i++) {
        const [qx, qy] = edge.points[i];
        if (z < FAR_LINES || px === qx) path.lineTo(qx, qy);
        else path.bezierCurveTo(px, (py + qy) / 2, qx, (py + qy) / 2, qx, qy);
        [px, py] = [qx, qy];
      }
    }
    const fine = Math.min(1.25, 1.25 / z) * (z < 0.5 ? Math.max(1, 0.6 / z) : 1);
    ink.globalAlpha = hits ? 0.3 : z < FAR_LINES ? 0.45 : 0.75;
    stroke(paths[""], colour["line-3"], fine);
    ink.globalAlpha = hits ? 0.4 : 1;
    ink.setLineDash([4 / Math.min(1, z), 3 / Math.min(1, z)]);
    stroke(paths.dead, colour.up, fine);
    ink.setLineDash([]);
    stroke(paths.critical, colour.text, Math.max(2, 1.4 / z));
    ink.globalAlpha = 1;
  }

  function stroke(path, style, lineWidth) {
    [ink.strokeStyle, ink.lineWidth] = [style, lineWidth];
    ink.stroke(path);
  }

  function drawBoxes(seen) {
    const least = 3 / z; // a failure is never smaller than three pixels
    const byStatus = Map.groupBy ? Map.groupBy(seen, (node) => node.status) : groupBy(seen);
    const order = [...byStatus.keys()].sort((a, b) => LOUD.indexOf(a) - LOUD.indexOf(b));
    for (const status of order) {
      const loud = LOUD.includes(status);
      ink.fillStyle = colour[TOKENS[status]];
      ink.globalAlpha = (loud ? 1 : 0.6) * (hits ? 0.35 : 1);
      for (const node of byStatus.get(status)) box(ink, node, loud ? least : 0);
    }
    ink.globalAlpha = 1;
    ink.fillStyle = colour.accent;
    for (const node of seen) if (hits?.has(node)) box(ink, node, 4 / z);
    if (!selected) return;
    [ink.strokeStyle, ink.lineWidth] = [colour.accent, 2.5 / z];
    const gap = 3 / z;
    ink.strokeRect(selected.x - selected.width / 2 - gap, selected.y - selected.height / 2 - gap, selected.width + 2 * gap, selected.height + 2 * gap);
  }

  function box(target, node, least) {
    const [w, hgt] = [Math.max(node.width, least), Math.max(node.height, least)];
    target.fillRect(node.x - w / 2, node.y - hgt / 2, w, hgt);
  }

  function placeButtons(seen) {
    const keep = new Set(seen);
    if (active) keep.add(active); // what aria-activedescendant points to is always there
    const fresh = [];
    for (const node of keep) if (!buttons.get(node)?.isConnected) fresh.push(buttonOf(node));
    layer.append(...fresh);
    for (const [node, button] of buttons) if (!keep.has(node)) button.remove();
    if (buttons.size > 2000) for (const node of [...buttons.keys()]) if (!keep.has(node)) buttons.delete(node);
    layer.style.transform = `translate(${x}px,${y}px) scale(${z})`;
    // Its own layer while it moves; afterwards painted again, so that text is sharp at any scale.
    layer.style.willChange = "transform";
    clearTimeout(settle);
    settle = setTimeout(() => (layer.style.willChange = "auto"), 160);
  }

  function buttonOf(node) {
    let button = buttons.get(node);
    if (!button) buttons.set(node, (button = nodeButton(node)));
    fillNode(scene, node, button, { selected: node === selected, hit: hits?.has(node), active: node === active });
    return button;
  }

  function drawMini() {
    if (!miniBase) drawMiniBase();
    const ratio = devicePixelRatio || 1;
    const { box: b } = scene;
    miniInk.setTransform(1, 0, 0, 1, 0, 0);
    miniInk.clearRect(0, 0, mini.width, mini.height);
    miniInk.drawImage(miniBase, 0, 0);
    miniInk.setTransform(ratio, 0, 0, ratio, 0, 0);
    [miniInk.strokeStyle, miniInk.lineWidth] = [colour.accent, 1];
    const [mx, my] = [(v) => MINI.width / 2 + miniScale * (v - (b.left + b.right) / 2), (v) => MINI.height / 2 + miniScale * (v - (b.top + b.bottom) / 2)];
    const [l, t] = [Math.max(2.5, mx(-x / z)), Math.max(2.5, my(-y / z))];
    const [r, u] = [Math.min(MINI.width - 4.5, mx((width - x) / z)), Math.min(MINI.height - 4.5, my((height - y) / z))];
    miniInk.beginPath();
    miniInk.roundRect(l, t, Math.max(3, r - l), Math.max(3, u - t), 3);
    miniInk.stroke();
  }

  function drawMiniBase() {
    miniBase = h("canvas", { width: mini.width, height: mini.height });
    const [pen, ratio, { box: b }] = [miniBase.getContext("2d"), devicePixelRatio || 1, scene];
    miniScale = Math.min((MINI.width - 2 * MINI.pad) / (b.right - b.left || 1), (MINI.height - 2 * MINI.pad) / (b.bottom - b.top || 1), 0.2);
    const s = miniScale * ratio;
    pen.setTransform(s, 0, 0, s, mini.width / 2 - (s * (b.left + b.right)) / 2, mini.height / 2 - (s * (b.top + b.bottom)) / 2);
    const steps = scene.steps.length > 1 ? scene.steps : scene.nodes;
    for (const loud of [false, true])
      for (const node of steps) {
        if (LOUD.includes(node.status) !== loud) continue;
        pen.fillStyle = colour[TOKENS[node.status]];
        pen.globalAlpha = loud ? 1 : 0.5;
        box(pen, node, (loud ? 2.5 : 1) / miniScale);
      }
  }

  // ── camera ──
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  function flyTo(nx, ny, nz) {
    cancelAnimationFrame(flight);
    if (still() || !scene || Math.abs(Math.log(nz / z)) > 2) {
      [x, y, z] = [nx, ny, nz];
      return ask();
    }
    const [from, begun] = [[x, y, z], performance.now()];
    const step = (now) => {
      const t = Math.min(1, Math.max(0, now - begun) / 160);
      const ease = 1 - (1 - t) ** 3;
      const mix = (a, b) => a + (b - a) * ease;
      [x, y, z] = [mix(from[0], nx), mix(from[1], ny), mix(from[2], nz)];
      draw();
      if (t < 1) flight = requestAnimationFrame(step);
    };
    flight = requestAnimationFrame(step);
  }

  const boundsOf = () => [scene.box.right - scene.box.left, scene.box.bottom - scene.box.top];

  function fit(animate = true) {
    const [w, hgt] = boundsOf();
    const nz = Math.min(1, (width - 48) / w, (height - 40) / hgt);
    go(animate, width / 2 - (nz * (scene.box.left + scene.box.right)) / 2, 20 - nz * scene.box.top + Math.max(0, (height - 40 - nz * hgt) / 8), nz);
  }

  const go = (animate, ...to) => {
    if (animate) return flyTo(...to);
    cancelAnimationFrame(flight);
    [x, y, z] = to;
    ask();
  };

  /** All of it if that can be read, else from the top by its width, else all of it from far. */
  function open() {
    const [w, hgt] = boundsOf();
    const [all, across] = [Math.min((width - 48) / w, (height - 40) / hgt), Math.min(1, (width - 48) / w)];
    if (all >= 0.6 || across < 0.6) return fit(false);
    go(false, width / 2 - (across * (scene.box.left + scene.box.right)) / 2, 20 - across * scene.box.top, across);
    if (selected) reveal(selected, false);
  }

  const centre = (node, nz, animate = true) => go(animate, width / 2 - node.x * nz, height / 2 - node.y * nz, nz);

  /** Moves only if the node is out of sight or unreadable. */
  function reveal(node, animate = true) {
    const [sx, sy] = [node.x * z + x, node.y * z + y];
    const [mx, my] = [(node.width / 2) * z + 8, (node.height / 2) * z + 8];
    if (z >= NEAR && sx > mx && sx < width - mx && sy > my && sy < height - my) return;
    centre(node, Math.max(z, z >= NEAR ? z : 0.9), animate);
  }

  function zoomAt(factor, px, py, animate) {
    const nz = Math.max(0.01, Math.min(2, z * factor));
    go(animate, px - ((px - x) * nz) / z, py - ((py - y) * nz) / z, nz);
  }
  const zoomBy = (factor) => zoomAt(factor, width / 2, height / 2, true);

  function activate(node) {
    const before = active;
    active = node;
    for (const each of [before, node]) if (each && buttons.has(each)) buttonOf(each);
    tree.setAttribute("aria-activedescendant", node ? nodeId(node) : "");
  }
  const nodeId = (node) => `g-${node.index}`;

  function choose(node, px, py) {
    activate(node);
    if (root.classList.contains("far") && px != null) centre(node, 0.9);
    if (node.kind === "group") onOpen(node);
    else onSelect(node);
  }

  function at(event) {
    const area = tree.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  }

  function hit(px, py) {
    const [wx, wy, slack] = [(px - x) / z, (py - y) / z, 4 / z];
    return nodesIn(scene, wx - 200, wx + 200, wy - 60, wy + 60).find(
      (n) => Math.abs(n.x - wx) < n.width / 2 + slack && Math.abs(n.y - wy) < n.height / 2 + slack);
  }

  // ── pointers: drag pans, two fingers or the wheel zoom ──
  const fingers = new Map();
  let moved = false;
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return [Math.hypot(a[0] - b[0], a[1] - b[1]), (a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  };
  tree.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (!fingers.size) moved = false;
    fingers.set(event.pointerId, [...at(event), event.clientX, event.clientY]);
  });
  tree.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    const [px, py] = at(event);
    if (!moved && Math.hypot(event.clientX - finger[2], event.clientY - finger[3]) < 4) return;
    if (!moved) tree.setPointerCapture(event.pointerId);
    moved = true;
    cancelAnimationFrame(flight);
    const before = fingers.size === 2 && spread();
    const [dx, dy] = [px - finger[0], py - finger[1]];
    [finger[0], finger[1]] = [px, py];
    if (before) {
      const [distance, mx, my] = spread();
      [x, y] = [x + mx - before[1], y + my - before[2]];
      zoomAt(distance / before[0], mx, my);
    } else [x, y] = [x + dx, y + dy];
    ask();
  });
  for (const type of ["pointerup", "pointercancel"]) tree.addEventListener(type, (event) => fingers.delete(event.pointerId));
  tree.addEventListener("click", (event) => {
    tree.focus({ preventScroll: true });
    if (moved || !scene) return void (moved = false);
    const button = event.target.closest("[data-id]");
    const [px, py] = at(event);
    const node = button ? scene.byId.get(button.dataset.id) : hit(px, py);
    if (node) choose(node, px, py);
  });
  tree.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (!scene) return;
    const pixels = event.deltaY * [1, 20, height][event.deltaMode];
    zoomAt(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.0015)), ...at(event));
  }, { passive: false });
  const toMini = (event) => {
    if (event.type === "pointerdown") mini.setPointerCapture(event.pointerId);
    else if (!event.buttons) return;
    const [area, { box: b }] = [mini.getBoundingClientRect(), scene];
    const wx = (event.clientX - area.left - MINI.width / 2) / miniScale + (b.left + b.right) / 2;
    const wy = (event.clientY - area.top - MINI.height / 2) / miniScale + (b.top + b.bottom) / 2;
    go(false, width / 2 - wx * z, height / 2 - wy * z, z);
  };
  for (const type of ["pointerdown", "pointermove"]) mini.addEventListener(type, toMini);

  // ── keys ──
  const nearest = (nodes, to) => nodes.reduce((best, n) => (!best || Math.abs(n.x - to.x) < Math.abs(best.x - to.x) ? n : best), null);
  const beside = (node, sign) =>
    scene.nodes.filter((n) => Math.abs(n.y - node.y) < 12 && (n.x - node.x) * sign > 0).reduce((best, n) => (!best || (n.x - best.x) * sign < 0 ? n : best), null);
  const moves = {
    ArrowDown: () => nearest(active.below, active),
    ArrowUp: () => nearest(active.above, active),
    ArrowLeft: () => beside(active, -1),
    ArrowRight: () => beside(active, 1),
    Home: () => scene.steps[0],
    End: () => scene.steps.at(-1),
  };
  const acts = { "+": () => zoomBy(1.3), "=": () => zoomBy(1.3), "-": () => zoomBy(1 / 1.3), 0: () => fit(), Enter: () => choose(active), " ": () => choose(active) };
  tree.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !scene?.nodes.length) return;
    const [move, act] = [moves[event.key], acts[event.key]];
    if (!move && !act) return;
    event.preventDefault();
    if (act) return act();
    const node = move();
    if (!node) return;
    activate(node);
    reveal(node);
    ask();
  });

  const stopTheme = onTheme(restyle);
  const resized = new ResizeObserver(measure);
  resized.observe(root);
  restyle();

  return {
    root,
    tree,
    fit,
    get scene() { return scene; },
    /** Draws a scene; an anchor [node before, node now] keeps its place on the screen. */
    show(next, anchor) {
      const first = !scene;
      scene = next;
      buttons.clear();
      layer.replaceChildren();
      miniBase = hits = null;
      active = scene.byId.get(active?.id) ?? null;
      selected = scene.byId.get(selected?.id) ?? null;
      if (!width) measure();
      if (anchor) [x, y] = [x + (anchor[0].x - anchor[1].x) * z, y + (anchor[0].y - anchor[1].y) * z];
      else if (first) open();
      if (!active && scene.nodes.length) activate(selected ?? scene.failures?.[0] ?? scene.steps[0] ?? scene.nodes[0]);
      draw();
    },
    refresh(changed) {
      for (const node of changed) if (buttons.get(node)?.isConnected) buttonOf(node);
      miniBase = null;
      ask();
    },
    /** Steps that run tell the time. */
    tick() {
      for (const [node, button] of buttons) if (node.status === "running" && button.isConnected) buttonOf(node);
    },
    select(id, mayMove) {
      const [before, node] = [selected, scene?.byId.get(id) ?? null];
      if (before === node) return;
      selected = node;
      if (node) activate(node);
      for (const each of [before, node]) if (each && buttons.has(each)) buttonOf(each);
      if (node && mayMove) reveal(node);
      ask();
    },
    mark(found) {
      hits = found;
      root.classList.toggle("searching", Boolean(found));
      for (const node of buttons.keys()) buttonOf(node);
      ask();
    },
    lookAt(node) {
      activate(node);
      reveal(node);
      ask();
    },
    destroy() {
      for (const id of [frame, flight]) cancelAnimationFrame(id);
      clearTimeout(settle);
      stopTheme();
      resized.disconnect();
    },
  };
}

function groupBy(nodes) {
  const groups = new Map();
  for (const node of nodes) groups.set(node.status, [...(groups.get(node.status) ?? []), node]);
  return groups;
}
