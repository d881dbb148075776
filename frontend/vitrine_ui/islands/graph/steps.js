// The steps as rows: what a phone shows instead of the drawing, and what a screen reader reads beside it.
import { h, icon } from "../dom.js";
import { absolute } from "../format.js";
import { lineOf, wordOf } from "./scene.js";

const MOST = 1000;

const lastPart = (scene, node) => (node.kind === "group" ? `${node.size} steps` : lineOf(scene, node));

const note = (scene) => (scene.steps.length > MOST ? `First ${MOST} of ${scene.steps.length} steps` : "");

/** Buttons in a list; a click chooses. */
export function stepList(scene, selectedId, onChoose) {
  const option = (node) =>
    h("button", { type: "button", role: "option", class: "step", "aria-selected": String(node.id === selectedId), onclick: () => onChoose(node) },
      h("span", { class: "status", "data-status": node.status }, icon(node.status), h("span", { class: "sr" }, wordOf(node))),
      h("b", { class: "cut grow" }, node.name),
      h("span", { class: "small t3" }, lastPart(scene, node)));
  return [...scene.steps.slice(0, MOST).map(option), ...(note(scene) ? [h("p", { class: "small t3" }, note(scene))] : [])];
}

/** A table for those who cannot see the drawing. */
export function stepTable(scene) {
  const cells = (tag, texts) => h("tr", {}, ...texts.map((text) => h(tag, {}, text)));
  const row = (node) => cells("td", [node.name, wordOf(node), lastPart(scene, node), node.state.started_at ? absolute(node.state.started_at) : ""]);
  return h("table", {}, h("caption", {}, note(scene) || "Steps"), h("thead", {}, cells("th", ["Step", "Status", "Detail", "Started"])), h("tbody", {}, ...scene.steps.slice(0, MOST).map(row)));
}
