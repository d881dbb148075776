// The run graph: its bar, the drawing (on a phone the steps as a list), statuses that follow the run.
import { bind, island } from "../bind.js";
import { atMostEvery, button, empty, failed, fetchJson, h, icon, withQuery } from "../dom.js";
import { count } from "../format.js";
import { subscribe } from "../live.js";
import { applyStatuses, graphView, lineOf, moreOf, sceneOf } from "./view.js";

export { bind };

const MOST_ROWS = 500;
const stepsIn = (statuses) => Object.keys(statuses ?? {}).filter((id) => id.startsWith("step:")).length;

export const Graph = island((node, first) => {
  let props = first;
  let collapse = props.collapse ?? "auto";
  let selectedId = props.selected;
  let [hits, at, known] = [[], -1, 0];
  let scene, loading, unsubscribe;
  const isPhone = matchMedia("(max-width:640px)").matches;
  const view = graphView(choose);

  const input = h("input", { type: "search", "aria-label": "Find step or artifact", placeholder: "Find step", spellcheck: "false", oninput: search, onkeydown: searchKeys });
  const found = h("span.small.t3.nw", { role: "status" });
  const next = button(".btn.danger", [icon("desc", 1), "Next failure"], nextFailure, { hidden: true });
  const told = h("span.small.t3.nw");
  const whole = button(".btn.ghost", "", () => recollapse(scene.steps.some((step) => step.size) ? "none" : scene.groups.map(({ id }) => id).join()), { hidden: true });
  const views = h("div.seg", { role: "tablist", "aria-label": "View" });
  const stage = h("div.gstage");
  const rows = h("table.steps", { onclick: ({ target }) => target.dataset.id && choose(scene.byId.get(target.dataset.id)) });
  const root = node.appendChild(h("section.graph", { "aria-label": "Graph", onkeydown: slash },
    h("div.filters", views, h("label.input.find.desk", icon("search", 1), input, found), next, h("span.row.end.desk", told, whole)), stage));

  const send = (name, value) => props[name]?.({ json: JSON.stringify(value) });

  function choose({ id, size, group }) {
    if (size) return recollapse(scene.steps.filter((each) => each.size && each.id !== id).map((each) => each.group).join() || "none", group);
    select(id);
    send("onSelect", id);
  }

  function select(id, mayMove) {
    selectedId = id;
    view.select(id, mayMove);
    drawRows();
  }

  // ── loading ──
  async function load(opened) {
    loading?.abort();
    const { signal } = (loading = new AbortController());
    if (!scene) stage.replaceChildren(h("div.canvas.gskel", { "aria-busy": "true" }, Array.from({ length: 6 }, () => h("i.skel"))));
    try {
      const source = withQuery(props.src, { collapse: collapse === "auto" ? null : collapse });
      const [dag, statuses] = await Promise.all([source, props.statuses].map((url) => url && fetchJson(url, signal)));
      const before = scene?.steps.find((each) => each.group === opened);
      scene = sceneOf(dag);
      known = stepsIn(statuses);
      if (!scene.nodes.length) return stage.replaceChildren(empty({ title: "No steps yet", text: "They appear here as soon as the run says what it is going to do." }));
      applyStatuses(scene, statuses);
      stage.replaceChildren(view.root, rows);
      view.show(scene, selectedId, before && opened && [before, scene.steps.find((each) => each.group === opened)]);
      describe();
      requestAnimationFrame(() => performance.mark("graph drawn"));
    } catch (error) {
      if (error.name === "AbortError") return;
      scene = null;
      stage.replaceChildren(failed("Could not load the graph", error, () => load()));
    }
  }

  async function refresh() {
    const statuses = scene && props.statuses && (await fetchJson(props.statuses).catch(() => null));
    if (statuses === null) return; // the next change asks again
    if (!statuses || stepsIn(statuses) !== known) return load(); // a run without a plan grows
    view.refresh(applyStatuses(scene, statuses));
    describe();
  }

  function recollapse(how, opened) {
    collapse = how;
    send("onCollapse", how);
    load(opened);
  }

  function describe() {
    const { steps, nodes, failures, groups } = scene;
    const folded = steps.filter((step) => step.size);
    const all = folded.reduce((sum, step) => sum + step.size - 1, steps.length);
    told.textContent = `${count(all)} step${all === 1 ? "" : "s"}${folded[0] ? `, ${folded.length} fan-out${folded[1] ? "s" : ""} collapsed` : ""}`;
    view.tree.setAttribute("aria-label", `${all} steps, ${nodes.length - steps.length} artifacts`);
    next.hidden = !failures.length;
    whole.hidden = !groups.length;
    whole.textContent = folded[0] ? "Draw all" : "Collapse fan-outs";
    drawRows();
  }

  // A list to tap on a phone; beside the drawing a table for those who cannot see it.
  const drawRows = atMostEvery(isPhone ? 100 : 2000, () => {
    if (!scene) return;
    rows.replaceChildren(h("caption.sr", scene.steps[MOST_ROWS] ? `The first ${MOST_ROWS} steps` : "Steps"), ...scene.steps.slice(0, MOST_ROWS).map((step) =>
      h("tr", { "aria-selected": String(step.id === selectedId) },
        h("td.status", { "data-status": step.status }, icon(step.symbol), h("span.sr", step.word)),
        h("th", { scope: "row" }, button(".cut", step.name + moreOf(step), null, { "data-id": step.id, tabindex: isPhone ? 0 : -1 })),
        h("td.small.t3", lineOf(scene, step)))));
  }, isPhone ? 0 : 1500);

  // ── search and failures ──
  function search() {
    const text = input.value.trim().toLowerCase();
    hits = text && scene ? scene.nodes.filter((each) => each.name.toLowerCase().includes(text)) : [];
    at = -1;
    view.mark(text ? new Set(hits) : null);
    found.textContent = text && (hits[0] ? `${count(hits.length)} found` : "none");
  }

  function searchKeys({ key, shiftKey }) {
    if (key === "Escape") {
      input.value = "";
      search();
      view.tree.focus();
    }
    if (key !== "Enter" || !hits[0]) return;
    at = (at + (shiftKey ? -1 : 1) + hits.length) % hits.length;
    found.textContent = `${at + 1} of ${hits.length}`;
    view.lookAt(hits[at]);
  }

  function slash(event) {
    if (event.key !== "/" || event.target === input) return;
    event.preventDefault();
    input.focus();
  }

  function nextFailure() {
    const { failures } = scene;
    const { id, size } = failures[(failures.findIndex((each) => each.id === selectedId) + 1) % failures.length];
    select(id, true);
    if (!size) send("onSelect", id);
  }

  // ── following the run ──
  const soon = atMostEvery(500, refresh);
  function follow() {
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind, run_id }) => (kind === "reset" || (run_id === props.run && kind !== "log")) && soon());
    views.replaceChildren(...(props.views ?? []).map((each) => h("a", { role: "tab", href: each.href, "data-nav": true, "aria-selected": String(Boolean(each.selected)) }, icon(each.icon, 1), each.label)));
  }
  const ticking = setInterval(() => scene?.running && view.refresh(scene.running), 1000);
  follow();
  load();

  return {
    update(now) {
      const before = props;
      props = now;
      follow();
      const { collapse: how = "auto" } = now;
      if (now.src !== before.src) scene = null;
      if (!scene || (how !== collapse && how !== before.collapse)) {
        collapse = how;
        load();
      }
      if (now.selected !== before.selected && now.selected !== selectedId) select(now.selected, true);
    },
    unmount() {
      loading.abort();
      unsubscribe?.();
      soon.cancel();
      drawRows.cancel();
      clearInterval(ticking);
      view.destroy();
      root.remove();
    },
  };
});
