// The run graph: bar, drawing or list, statuses that follow the run.
import { bind, island } from "../bind.js";
import { atMostEvery, empty, failed, fetchJson, h, icon, iconButton, withQuery } from "../dom.js";
import { count } from "../format.js";
import { subscribe } from "../live.js";
import { applyStatuses, sceneOf } from "./scene.js";
import { stepList, stepTable } from "./steps.js";
import { graphView } from "./view.js";

export { bind };

export const Graph = island((node, props) => {
  const phone = matchMedia("(max-width:640px)");
  const view = graphView({ onSelect: (chosen) => choose(chosen), onOpen: (group) => expand(group) });
  const table = h("div", { class: "sr" });
  const list = h("div", { class: "steps", role: "listbox", "aria-label": "Steps" });
  const stage = h("div", { class: "gstage" });
  const bar = toolbar();
  const root = node.appendChild(h("section", { class: "graph", "aria-label": "Run graph" }, bar.root, stage));
  let [scene, statuses, collapse, loading, unsubscribe] = [null, {}, props.collapse ?? "auto", null, null];

  const send = (name, value) => props[name]?.({ json: JSON.stringify(value) });

  function choose(chosen) {
    select(chosen.id);
    send("onSelect", chosen.id);
  }

  let selectedId = props.selected;
  function select(id, mayMove) {
    selectedId = id;
    view.select(id, mayMove);
    if (phone.matches && scene) fillList();
  }

  // ── loading ──
  const source = () => withQuery(props.src, { collapse: collapse === "auto" ? null : collapse });

  async function load(anchorId) {
    loading?.abort();
    const { signal } = (loading = new AbortController());
    if (!scene) stage.replaceChildren(skeleton());
    try {
      const answers = await Promise.all([fetchJson(source(), signal), fetchJson(props.statuses, signal)]);
      statuses = answers[1].statuses;
      show(sceneOf(answers[0]), anchorId);
    } catch (error) {
      if (error.name === "AbortError") return;
      scene = null;
      stage.replaceChildren(failed("Could not load the graph", error, () => load()));
    }
  }

  function show(next, anchorId) {
    const before = scene?.byId.get(anchorId);
    scene = next;
    applyStatuses(scene, statuses);
    if (!scene.nodes.length) return void stage.replaceChildren(empty({ title: "No steps yet", text: "They appear here as soon as the run reports what it is going to do." }));
    arrange();
    const now = before && (scene.byId.get(anchorId) ?? scene.nodes.find((each) => each.group === anchorId));
    view.show(scene, now && [before, now]);
    view.select(selectedId);
    describe();
  }

  function arrange() {
    if (!scene) return;
    stage.replaceChildren(...(phone.matches ? [list] : [view.root, table]));
    if (phone.matches) fillList();
  }

  const fillList = () => list.replaceChildren(...stepList(scene, selectedId, (chosen) => (chosen.kind === "group" ? expand(chosen) : choose(chosen))));

  const fillTable = atMostEvery(3000, () => {
    if (!phone.matches && scene) (window.requestIdleCallback ?? setTimeout)(() => table.replaceChildren(stepTable(scene)));
  });

  async function refresh() {
    try {
      ({ statuses } = await fetchJson(props.statuses));
    } catch {
      return; // the next change or the reconnect asks again
    }
    if (!scene?.nodes.length || Object.keys(statuses).some((id) => !scene.byId.has(id))) return load();
    view.refresh(applyStatuses(scene, statuses));
    if (phone.matches) fillList();
    describe();
  }

  function describe() {
    bar.describe(scene, collapse);
    const artifacts = scene.nodes.length - scene.steps.length;
    view.tree.setAttribute("aria-label", `${scene.steps.length} steps, ${artifacts} artifacts`);
    fillTable();
  }

  function recollapse(next, anchorId) {
    collapse = next;
    send("onCollapse", next);
    load(anchorId);
  }

  function expand(group) {
    const rest = scene.nodes.filter((each) => each.kind === "group" && each !== group).map((each) => each.id);
    recollapse(rest.join(",") || "none", group.id);
  }

  // ── bar: views, search, failures, what is not shown ──
  function toolbar() {
    const input = h("input", { type: "search", "aria-label": "Find step or artifact", placeholder: "Find step", spellcheck: "false", oninput: search, onkeydown: keys });
    const found = h("span", { class: "small t3 nw", role: "status" });
    const next = h("button", { type: "button", class: "btn danger", hidden: true, onclick: nextFailure }, icon("desc", true), "Next failure");
    const told = h("span", { class: "small t3 nw desk" });
    const whole = h("button", { type: "button", class: "btn ghost", hidden: true, onclick: () => recollapse(collapse === "none" ? "auto" : "none") });
    const views = h("div", { class: "seg", role: "tablist", "aria-label": "View" });
    let [hits, at] = [[], -1];

    function search() {
      const text = input.value.trim().toLowerCase();
      hits = text && scene ? scene.nodes.filter((each) => each.name.toLowerCase().includes(text)).sort((a, b) => a.y - b.y || a.x - b.x) : [];
      at = -1;
      view.mark(text ? new Set(hits) : null);
      found.textContent = !text ? "" : hits.length ? `${count(hits.length)} found` : "none";
    }
    function keys(event) {
      if (event.key === "Escape") [input.value] = [""], search(), view.tree.focus();
      if (event.key !== "Enter" || !hits.length) return;
      at = (at + (event.shiftKey ? -1 : 1) + hits.length) % hits.length;
      found.textContent = `${at + 1} of ${hits.length}`;
      view.lookAt(hits[at]);
    }
    function nextFailure() {
      const failures = scene.failures;
      const after = failures.findIndex((step) => step.id === selectedId);
      const step = failures[(after + 1) % failures.length];
      if (step.kind === "group") return view.lookAt(step);
      select(step.id, true);
      send("onSelect", step.id);
    }
    const shown = () =>
      views.replaceChildren(...(props.views ?? []).map((each) =>
        h("a", { role: "tab", href: each.href, "data-nav": true, "aria-selected": String(Boolean(each.selected)) }, icon(each.icon, true), each.label)));
    shown();
    return {
      input,
      shown,
      root: h("div", { class: "filters" }, props.views && views, h("div", { class: "input desk find" }, icon("search", true), input, found), next, h("span", { class: "row end" }, told, whole)),
      describe({ steps, hidden, folded, failures }, how) {
        const total = steps.length - folded + hidden;
        told.textContent = `${count(total)} step${total === 1 ? "" : "s"}${folded ? `, ${folded} fan-out${folded === 1 ? "" : "s"} collapsed` : ""}`;
        next.hidden = !failures.length;
        whole.hidden = !folded && how !== "none";
        whole.textContent = how === "none" ? "Collapse" : "Draw all";
      },
    };
  }

  root.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target === bar.input || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    bar.input.focus();
  });

  // ── following the run ──
  const soon = atMostEvery(500, refresh);
  const follow = () => {
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind, run_id }) => {
      if (kind === "reset" || (run_id === props.run && kind !== "log")) soon();
    });
  };
  const ticking = setInterval(() => scene?.running && view.tick(), 1000);
  phone.addEventListener("change", arrange);
  follow();
  load();

  return {
    update(next) {
      const before = props;
      props = next;
      bar.shown();
      if (next.live !== before.live) follow();
      if (next.src !== before.src || next.statuses !== before.statuses) [scene, collapse] = [null, next.collapse ?? "auto"], load();
      else if ((next.collapse ?? "auto") !== (before.collapse ?? "auto") && (next.collapse ?? "auto") !== collapse) (collapse = next.collapse ?? "auto"), load();
      if (next.selected !== selectedId && next.selected !== before.selected) select(next.selected, true);
    },
    unmount() {
      loading?.abort();
      unsubscribe?.();
      soon.cancel();
      fillTable.cancel();
      clearInterval(ticking);
      phone.removeEventListener("change", arrange);
      view.destroy();
      root.remove();
    },
  };
});

const skeleton = () =>
  h("div", { class: "canvas", "aria-busy": "true" }, h("div", { class: "gskel" }, ...Array.from({ length: 6 }, () => h("i", { class: "skel" }))),
    h("div", { class: "tools" }, ...["plus", "minus", "fit"].map((name) => iconButton(name, name, null))));
