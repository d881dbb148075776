// One node as a button: a step is a box, an artifact a pill, a collapsed group a stack with counts.
import { h, icon, set } from "../dom.js";
import { STATUS } from "../format.js";
import { countsOf, labelOf, lineOf, shareOf } from "./scene.js";

export function nodeButton(node) {
  const button = h("button", { type: "button", class: `gnode ${node.kind}`, id: `g-${node.index}`, role: "treeitem", tabindex: -1, "data-id": node.id });
  button.style.left = `${node.x - node.width / 2}px`;
  button.style.top = `${node.y - node.height / 2}px`;
  button.style.width = `${node.width}px`;
  button.style.height = `${node.height}px`;
  return button;
}

export function fillNode(scene, node, button, { selected, hit, active }) {
  const label = labelOf(scene, node);
  set(button, {
    "data-status": node.status,
    "aria-selected": node.kind === "group" ? null : String(selected),
    "aria-expanded": node.kind === "group" ? "false" : null,
    "aria-label": label,
    title: label,
  });
  button.classList.toggle("hit", Boolean(hit));
  button.classList.toggle("active", active);
  if (button.drawn === label) return;
  button.drawn = label;
  button.replaceChildren(...{ artifact: pill, group: stack }[node.kind]?.(node) ?? box(scene, node));
}

const pill = (node) => [icon(node.icon, true), h("span", { class: "cut" }, node.name), node.state.version && h("span", { class: "t3" }, node.state.version)].filter(Boolean);

function box(scene, node) {
  const share = h("i", { class: "share" });
  share.style.width = `${shareOf(scene, node) * 100}%`;
  return [icon(node.status), h("span", { class: "two" }, h("b", { class: "cut" }, node.name), h("small", { class: "cut" }, lineOf(scene, node))), share];
}

function stack(node) {
  const counts = countsOf(node);
  const bars = counts.map(([status, n]) => {
    const bar = h("i", { "data-status": STATUS[status][0] });
    bar.style.flexGrow = n;
    return bar;
  });
  const marks = counts.map(([status, n]) => h("span", { class: "status", "data-status": STATUS[status][0] }, icon(STATUS[status][0], true), h("span", { class: "t2" }, n)));
  return [icon("right"), h("span", { class: "two" }, h("b", { class: "cut" }, node.name, h("span", { class: "t3" }, ` × ${node.size}`)), h("small", {}, ...marks)), h("i", { class: "shares" }, ...bars)];
}
