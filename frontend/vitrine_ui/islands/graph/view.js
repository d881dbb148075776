// Drawing and camera: edges on a canvas, nodes as buttons when near and as coloured boxes when far.
import { colours, h, icon, iconButton, onTheme, set } from "../dom.js";
import { STATUS } from "../format.js";
import { countsOf, labelOf, lineOf, shareOf, touching } from "./scene.js";

const NEAR = 0.4; // below this scale names cannot be read
const MOST_BUTTONS = 350;
const LINES = 0.14; // below this scale curves cannot be told from lines
const [MINI_WIDE, MINI_HIGH] = [136, 108];
// In the order of drawing: what went wrong comes last, in full colour and never too small to see.
const TOKENS = { made: "line-2", queued: "line-3", skipped: "wait", cached: "cache", succeeded: "ok", cancelled: "stop", running: "run", lost: "lost", "upstream-failed": "up", failed: "fail" };
const LOUD = ["running", "lost", "upstream-failed", "failed"];

/** `onChoose(node)` is told of clicks and Enter. */
export function graphView(onChoose) {
  const canvas = h("canvas");
  const sheet = h("div", { role: "none" });
  const layer = h("div", { class: "layer", role: "none" }, sheet);
  const mini = h("canvas", { class: "mini desk", "aria-hidden": "true" });
  const tree = h("div", { class: "gview", role: "tree", tabindex: 0 }, canvas, layer);
  const root = h("div", { class: "canvas" }, tree, mini,
    h("div", { class: "tools" }, iconButton("plus", "Zoom in", () => zoom(1.3)), iconButton("minus", "Zoom out", () => zoom(1 / 1.3)), iconButton("fit", "Fit", () => fit())));
  const [ink, miniInk] = [canvas.getContext("2d"), mini.getContext("2d")];
  const buttons = new Map();
  const ratio = devicePixelRatio || 1;
  let scene, hits, selected, active, colour, overview, frame, flight, settle;
  let [width, height, x, y, z, laid, miniZ] = [0, 0, 0, 0, 1, 1, 1];

  // ── drawing ──
  const ask = () => (frame ||= requestAnimationFrame(draw));

  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    if (!scene || !width) return;
    const sight = [-x / z, -y / z, (width - x) / z, (height - y) / z];
    const seen = touching(scene.nodes, sight);
    const far = z < NEAR || seen.length > MOST_BUTTONS;
    root.classList.toggle("far", far);
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.clearRect(0, 0, canvas.width, canvas.height);
    ink.setTransform(ratio * z, 0, 0, ratio * z, ratio * x, ratio * y);
    drawEdges(touching(scene.edges, sight));
    if (far) drawBoxes(ink, seen, z, hits ? 0.3 : 0.6);
    placeButtons(far ? [] : seen);
    drawMini(sight);
  }

  function drawEdges(edges) {
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
    const stroke = (path, token, pixels, alpha, dash = []) => {
      [ink.strokeStyle, ink.lineWidth, ink.globalAlpha] = [colour[token], pixels / Math.min(1, z), hits ? alpha / 2 : alpha];
      ink.setLineDash(dash.map((length) => length / Math.min(1, z)));
      ink.stroke(path);
    };
    const fine = z < NEAR ? 0.8 : 1.25;
    stroke(paths.plain, "line-3", fine, z < LINES ? 0.5 : 0.75);
    stroke(paths.dead, "up", fine, 1, [4, 3]);
    stroke(paths.critical, "text", z < NEAR ? 1.5 : 2, 1);
  }

  function drawBoxes(pen, nodes, scale, alpha) {
    const drawAll = (token, some, least) => {
      pen.fillStyle = colour[token];
      for (const { x: cx, y: cy, width: w, height: t } of some) {
        const [bw, bt] = [Math.max(w, least / scale), Math.max(t, least / scale)];
        pen.fillRect(cx - bw / 2, cy - bt / 2, bw, bt);
      }
    };
    const groups = {};
    for (const node of nodes) (groups[node.status] ??= []).push(node);
    for (const status in TOKENS) {
      const loud = LOUD.includes(status);
      pen.globalAlpha = loud && !hits ? 1 : alpha;
      drawAll(TOKENS[status], groups[status] ?? [], loud ? 3 : 1);
    }
    pen.globalAlpha = 1;
    if (hits) drawAll("accent", nodes.filter((node) => hits.has(node)), 4);
    if (!selected || pen !== ink) return;
    [pen.strokeStyle, pen.lineWidth] = [colour.accent, 3 / z];
    pen.setLineDash([]);
    pen.strokeRect(selected.box[0] - 4 / z, selected.box[1] - 4 / z, selected.width + 8 / z, selected.height + 8 / z);
  }

  function placeButtons(seen) {
    const keep = new Set(active ? [active, ...seen] : seen); // aria-activedescendant always has its element
    sheet.append(...[...keep].filter((node) => !buttons.get(node)?.isConnected).map(dress));
    for (const [node, button] of buttons) if (!keep.has(node)) button.remove();
    if (buttons.size > 2000) buttons.clear();
    const place = () => (layer.style.transform = `translate(${x}px,${y}px) scale(${z / laid})`);
    place();
    // Its own layer while it moves; afterwards laid out at its scale, so that text and lines are sharp.
    layer.style.willChange = "transform";
    clearTimeout(settle);
    settle = setTimeout(() => {
      layer.style.willChange = "";
      if (seen.length) sheet.style.zoom = laid = z;
      place();
    }, 160);
  }

  function dress(node) {
    let each = buttons.get(node);
    if (!each) {
      each = h("button", { type: "button", id: `g-${node.index}`, role: "treeitem", tabindex: -1, "data-id": node.id });
      for (const [side, length] of [["left", node.box[0]], ["top", node.box[1]], ["width", node.width], ["height", node.height]]) each.style[side] = `${length}px`;
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
    const name = h("b", { class: "cut" }, node.name, h("span", { class: "t3" }, node.size ? ` × ${node.size}` : ` ${node.state.version ?? ""}`));
    if (node.kind === "artifact") return [icon(node.icon), name];
    const part = (status, share) => {
      const bar = h("i", { "data-status": status });
      bar.style.width = `${share * 100}%`;
      return bar;
    };
    const counts = countsOf(node).map(([status, n]) => [STATUS[status][0], n]);
    const line = node.size ? counts.map(([status, n]) => h("span", { class: "status", "data-status": status }, icon(status), n)) : lineOf(scene, node);
    const bars = node.size ? counts.map(([status, n]) => part(status, n / node.size)) : part(node.status, shareOf(scene, node));
    return [icon(node.size ? "right" : node.status), h("span", { class: "two" }, name, h("small", { class: "cut" }, line)), h("span", { class: "share" }, bars)];
  }

  function drawMini(sight) {
    const [left, top, right, bottom] = scene.box;
    if (!overview) {
      miniZ = Math.min((MINI_WIDE - 12) / (right - left), (MINI_HIGH - 12) / (bottom - top), 0.2);
      overview = h("canvas", { width: mini.width, height: mini.height });
      const [pen, s] = [overview.getContext("2d"), miniZ * ratio];
      pen.setTransform(s, 0, 0, s, (mini.width - s * (left + right)) / 2, (mini.height - s * (top + bottom)) / 2);
      drawBoxes(pen, scene.steps, miniZ, 0.5);
    }
    miniInk.setTransform(1, 0, 0, 1, 0, 0);
    miniInk.clearRect(0, 0, mini.width, mini.height);
    miniInk.drawImage(overview, 0, 0);
    miniInk.setTransform(ratio, 0, 0, ratio, 0, 0);
    miniInk.strokeStyle = colour.accent;
    const [l, t, r, b] = sight.map((v, i) => {
      const [size, middle] = i % 2 ? [MINI_HIGH, (top + bottom) / 2] : [MINI_WIDE, (left + right) / 2];
      return Math.max(2.5, Math.min(size - 4.5, size / 2 + miniZ * (v - middle)));
    });
    miniInk.beginPath();
    miniInk.roundRect(l, t, r - l, b - t, 3);
    miniInk.stroke();
  }

  // ── camera ──
  function go(nx, ny, nz, animate) {
    cancelAnimationFrame(flight);
    const [from, begun] = [[x, y, z], performance.now()];
    const step = (now) => {
      const t = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1 : Math.max(0, Math.min(1, (now - begun) / 160));
      [x, y, z] = [nx, ny, nz].map((to, i) => to + (from[i] - to) * (1 - t) ** 3);
      if (t < 1) flight = requestAnimationFrame(step);
      if (t) draw();
    };
    if (animate) step(begun);
    else [x, y, z] = [nx, ny, nz];
    ask();
  }

  /** All of it; when opening and that could not be read, its width from the top. */
  function fit(opening) {
    const [left, top, right, bottom] = scene.box;
    const across = Math.min(1, (width - 48) / (right - left));
    const all = Math.min(across, (height - 40) / (bottom - top));
    const nz = opening && all < 0.7 && across >= 0.7 ? across : all;
    const spare = Math.max(0, height - 40 - nz * (bottom - top));
    go((width - nz * (left + right)) / 2, 20 + spare / 8 - nz * top, nz, !opening);
  }

  const centre = (node, nz, animate) => go(width / 2 - node.x * nz, height / 2 - node.y * nz, nz, animate);

  /** Moves only if the node is out of sight or unreadable. */
  function reveal(node, animate = true) {
    const [left, top, right, bottom] = node.box;
    const inside = z * left + x > 8 && z * right + x < width - 8 && z * top + y > 8 && z * bottom + y < height - 8;
    if (z < NEAR || !inside) centre(node, z < NEAR ? 0.9 : z, animate);
  }

  function zoom(factor, px = width / 2, py = height / 2, animate = true) {
    const nz = Math.max(0.01, Math.min(2, z * factor));
    go(px - ((px - x) * nz) / z, py - ((py - y) * nz) / z, nz, animate);
  }

  function activate(node) {
    const before = active;
    active = node;
    for (const each of [before, node]) if (buttons.has(each)) dress(each);
    tree.setAttribute("aria-activedescendant", `g-${node.index}`);
    ask();
  }

  // ── pointers: drag pans, two fingers or the wheel zoom ──
  const on = (element, types, act, options) => types.split(" ").forEach((type) => element.addEventListener(type, act, options));
  const at = (event, element = tree) => {
    const area = element.getBoundingClientRect();
    return [event.clientX - area.left, event.clientY - area.top];
  };
  const fingers = new Map();
  let dragged = false;
  const grip = () => {
    const [a, b = a] = [...fingers.values()];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, Math.hypot(a[0] - b[0], a[1] - b[1])];
  };
  on(tree, "pointerdown", (event) => {
    if (!fingers.size) dragged = false;
    if (!event.button) fingers.set(event.pointerId, at(event));
  });
  on(tree, "pointermove", (event) => {
    const [finger, now] = [fingers.get(event.pointerId), at(event)];
    if (!finger || !scene || (!dragged && Math.hypot(now[0] - finger[0], now[1] - finger[1]) < 4)) return;
    if (!dragged) tree.setPointerCapture(event.pointerId);
    dragged = true;
    cancelAnimationFrame(flight);
    const before = grip();
    fingers.set(event.pointerId, now);
    const after = grip();
    [x, y] = [x + after[0] - before[0], y + after[1] - before[1]];
    if (before[2]) zoom(after[2] / before[2], after[0], after[1], false);
    else ask();
  });
  on(tree, "pointerup pointercancel", (event) => fingers.delete(event.pointerId));
  on(tree, "click", (event) => {
    tree.focus({ preventScroll: true });
    if (dragged || !scene) return;
    const [wx, wy] = at(event).map((pixel, i) => (pixel - [x, y][i]) / z);
    const slack = root.classList.contains("far") ? 4 / z : 0;
    const node = scene.byId.get(event.target.dataset.id ?? event.target.closest("[data-id]")?.dataset.id) ?? touching(scene.nodes, [wx - slack, wy - slack, wx + slack, wy + slack])[0];
    if (!node) return;
    activate(node);
    reveal(node);
    onChoose(node);
  });
  on(tree, "wheel", (event) => {
    event.preventDefault();
    if (scene) zoom(Math.exp(-event.deltaY * [1, 20, height][event.deltaMode] * (event.ctrlKey ? 0.01 : 0.0015)), ...at(event), false);
  }, { passive: false });
  on(mini, "pointerdown pointermove", (event) => {
    if (!event.buttons || !scene) return;
    mini.setPointerCapture(event.pointerId);
    const [px, py] = at(event, mini);
    const [left, top, right, bottom] = scene.box;
    centre({ x: (px - MINI_WIDE / 2) / miniZ + (left + right) / 2, y: (py - MINI_HIGH / 2) / miniZ + (top + bottom) / 2 }, z);
  });

  // ── keys ──
  const nearest = (nodes) => nodes.reduce((best, node) => (best && Math.abs(best.x - active.x) <= Math.abs(node.x - active.x) ? best : node), null);
  const beside = (sign) => nearest(scene.nodes.filter((node) => Math.abs(node.y - active.y) < 12 && (node.x - active.x) * sign > 0));
  const moves = {
    ArrowDown: () => nearest(active.below),
    ArrowUp: () => nearest(active.above),
    ArrowLeft: () => beside(-1),
    ArrowRight: () => beside(1),
    Home: () => scene.reading[0],
    End: () => scene.reading.at(-1),
  };
  const acts = { "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3), 0: () => fit(), Enter: () => onChoose(active), " ": () => onChoose(active) };
  on(tree, "keydown", (event) => {
    const [move, act] = [moves[event.key], acts[event.key]];
    if (!(move || act) || event.ctrlKey || event.metaKey || event.altKey || !active) return;
    event.preventDefault();
    if (act) return act();
    const node = move();
    if (node) api.lookAt(node);
  });

  // ── size and theme ──
  function restyle() {
    colour = colours(["text", "accent", ...Object.values(TOKENS)]);
    overview = null;
    ask();
  }
  const resized = new ResizeObserver(() => {
    const wide = root.clientWidth;
    if (!wide) return;
    const first = !width;
    if (!first) x += (wide - width) / 2;
    [width, height] = [wide, root.clientHeight];
    for (const [each, w, t] of [[canvas, width, height], [mini, MINI_WIDE, MINI_HIGH]]) {
      [each.width, each.height] = [w * ratio, t * ratio];
      [each.style.width, each.style.height] = [`${w}px`, `${t}px`];
    }
    if (first && scene) api.open();
    draw();
  });
  resized.observe(root);
  const stopTheme = onTheme(restyle);
  restyle();

  const api = {
    root,
    tree,
    open() {
      fit(true);
      if (selected) reveal(selected, false);
    },
    /** Draws a scene; an anchor [node before, node now] keeps its place on the screen. */
    show(next, selectedId, anchor) {
      const first = !scene;
      [scene, overview, hits] = [next, null, null];
      buttons.clear();
      sheet.replaceChildren();
      selected = scene.byId.get(selectedId);
      activate(anchor?.[1] ?? selected ?? scene.failures[0] ?? scene.reading[0]);
      if (anchor) [x, y] = [x + (anchor[0].x - anchor[1].x) * z, y + (anchor[0].y - anchor[1].y) * z];
      else if (first && width) api.open();
      draw();
    },
    refresh(changed) {
      for (const node of changed) if (buttons.has(node)) dress(node);
      overview = null;
      ask();
    },
    select(id, mayMove) {
      const before = selected;
      selected = scene?.byId.get(id);
      for (const each of [before, selected]) if (buttons.has(each)) dress(each);
      if (selected && mayMove) api.lookAt(selected);
      ask();
    },
    mark(found) {
      hits = found;
      root.classList.toggle("searching", Boolean(found));
      api.refresh(buttons.keys());
    },
    lookAt(node) {
      activate(node);
      reveal(node);
    },
    destroy() {
      for (const id of [frame, flight]) cancelAnimationFrame(id);
      clearTimeout(settle);
      stopTheme();
      resized.disconnect();
    },
  };
  return api;
}
