// One grid for lists and tables: windowed rows and columns, sorting, selection, keys.
import { bind, island } from "../bind.js";
import { atMostEvery, button, empty, failed, h, icon, set } from "../dom.js";
import { count, decimalsFor, template, valueAt } from "../format.js";
import { subscribe } from "../live.js";
import { windowed } from "../scroll.js";
import { alignsRight, fullText, paint, valueOf } from "./cells.js";
import { inSight, measure } from "./columns.js";
import { listRows } from "./lists.js";
import { tableRows } from "./tables.js";

export { bind };

const ROW = 32;
const STACKED = 53; // two lines, on a phone
const CHECK = { key: "", title: "", kind: "check", width: 34 };
const COUNTER = { key: "", title: "", kind: "counter", width: 64 };
const WAITING = Array.from({ length: 6 }, (_, i) => ({ key: `${i}`, title: "\u00a0", width: 150 }));

export const Grid = island((node, first) => {
  let props = first;
  let sort = props.sort ?? "";
  let selected = new Set(props.selected);
  let [rows, columns, lefts, shown, anchor, stamp, unsubscribe] = [null, [], [0], [0, 0], null, 0, null];
  let active = { row: -1, column: 0 };
  const phone = matchMedia("(max-width:640px)");
  const isTable = () => props.mode === "offset";
  const stacked = () => phone.matches && !isTable();
  const pinned = () => (props.selectable && !isTable() ? 2 : 1);

  const head = h("div", { class: "dhead drow", role: "row" });
  const scroller = h("div", { class: "dgrid", role: "grid", tabindex: 0, "aria-label": props.label ?? "Rows" }, h("div", { class: "dsticky", role: "rowgroup" }, head));
  const fresh = button("btn fresh", "", () => {
    rows.accept();
    changed();
    view.to(0);
  });
  const stage = h("div", { class: "dstage" });
  const range = h("span", { role: "status" });
  const chosen = h("span", { class: "end" });
  const csv = h("a", { class: "btn icon ghost", "aria-label": "Export CSV", title: "Export CSV", download: true }, icon("download"));
  const foot = h("div", { class: "foot" }, range, chosen, csv);
  const root = node.appendChild(h("section", { class: `datagrid${isTable() ? " lined" : ""}` }, stage, foot));
  const view = windowed(scroller, { rowHeight: ROW, draw });
  view.spacer.setAttribute("role", "none");
  view.pane.setAttribute("role", "rowgroup");
  view.resized = layOut;

  const tellPage = (state) => props.onState?.({ json: JSON.stringify(state) });

  // ── loading ──
  async function load() {
    rows?.destroy();
    const mine = (rows = (isTable() ? tableRows : listRows)(props.src, sort, changed, props.columns));
    active = { row: -1, column: pinned() - 1 };
    if (!isTable() || !columns.length) setColumns(isTable() ? WAITING : props.columns);
    scroller.setAttribute("aria-busy", "true");
    if (!scroller.isConnected) stage.replaceChildren(scroller, fresh);
    view.set({ total: view.total || 12, header: head.offsetHeight });
    view.to(0);
    try {
      await mine.load();
      if (mine !== rows) return;
      scroller.removeAttribute("aria-busy");
      if (isTable()) setColumns(rows.columns);
      changed();
      tellPage({ total: rows.total });
    } catch (error) {
      if (mine === rows && error.name !== "AbortError") stage.replaceChildren(failed(`Could not load the ${props.noun ?? "row"}s`, error, load));
    }
  }

  function changed() {
    const bare = !rows.length && props.empty;
    if (bare) stage.replaceChildren(empty(props.empty));
    else if (!scroller.isConnected) stage.replaceChildren(scroller, fresh);
    for (const column of columns) if (column.kind === "number") column.decimals = decimalsFor(column.sample ?? rows.items.map((row) => valueAt(row, column.key)));
    scroller.setAttribute("aria-rowcount", rows.length + 1);
    fresh.hidden = !rows.fresh;
    fresh.replaceChildren(icon("asc", 1), `${count(rows.fresh ?? 0)} new${props.noun ? ` ${props.noun}${rows.fresh > 1 ? "s" : ""}` : ""}`);
    layOut();
    view.set({ total: rows.length });
  }

  // ── columns ──
  function setColumns(given) {
    columns = [...(isTable() ? [COUNTER] : props.selectable ? [CHECK] : []), ...given.map((column) => ({ kind: "text", title: column.key, ...column }))];
    head.replaceChildren(...columns.map((column, j) => {
      const label = h("span", { class: "cut" }, column.title, column.note && h("small", {}, column.note));
      const way = { [keyOf(column)]: "ascending", [`-${keyOf(column)}`]: "descending" }[sort];
      return h("div", { class: `dcell${alignsRight(column) ? " num" : ""}`, role: "columnheader", id: `dh-${j}`, title: column.title, "aria-sort": column.sortable && (way ?? "none") },
        column.kind === "check" ? h("input", { type: "checkbox", class: "check", "aria-label": "Select all", tabindex: -1, onclick: selectAll })
          : column.sortable ? button("", [label, way && icon(way.slice(0, way[0] === "a" ? 3 : 4), 1)], () => sortBy(column), { tabindex: -1 }) : label);
    }));
    scroller.setAttribute("aria-colcount", columns.length);
    layOut();
  }

  const keyOf = ({ key, sort: by }) => by ?? (key.path ? key.path.map((part) => (/^\w+$/.test(part) ? part : `\`${part}\``)).join(".") : key);

  function sortBy(column) {
    const key = keyOf(column);
    const ways = alignsRight(column) ? [`-${key}`, key] : [key, `-${key}`];
    sort = ways[sort === ways[0] ? 1 : 0];
    tellPage({ sort });
    if (isTable()) setColumns(columns.slice(1));
    load();
  }

  function layOut() {
    if (!columns.length || !scroller.clientWidth) return;
    lefts = measure(columns, rows.items, scroller.clientWidth, getComputedStyle(scroller).fontFamily, isTable() ? 300 : 340);
    const wide = stacked() ? "" : `${Math.max(lefts.at(-1), scroller.clientWidth)}px`;
    for (const each of [head, view.spacer, view.pane]) each.style.width = wide;
    [...head.children].forEach(place);
    root.classList.toggle("stack", stacked());
    stamp++;
    view.set({ header: head.offsetHeight, rowHeight: stacked() ? STACKED : ROW });
  }

  function place(cell, j) {
    cell.style.width = `${columns[j].pixels}px`;
    cell.classList.toggle("pin", j < pinned());
    cell.style.left = j < pinned() ? `${lefts[j]}px` : "";
  }

  // ── rows ──
  function draw(begin, amount, put) {
    const pool = view.pane.children;
    while (pool.length < amount) view.pane.append(h("div", { class: "drow", role: "row" }));
    while (pool.length > amount) view.pane.lastChild.remove();
    const tall = stacked() ? STACKED : ROW;
    const offset = put((k) => k * tall);
    const sight = inSight(lefts, pinned(), scroller.scrollLeft, scroller.scrollLeft + scroller.clientWidth);
    rows.forget?.(begin, begin + amount);
    shown = [begin, begin + amount];
    for (let i = begin; i < begin + amount; i++) {
      const element = pool[i % amount];
      element.style.translate = `0 ${(i - begin) * tall - offset}px`;
      fill(element, i, ...sight);
    }
    tell();
  }

  function fill(element, i, from, to) {
    const row = rows.row(i);
    const waiting = !row || (isTable() && rows.cell(i, from - 1) === undefined);
    const key = [row?.id ?? "", i, from, to, stamp, waiting, selected.has(row?.id), active.row === i && active.column].join();
    if (element.key === key) return;
    element.key = key;
    set(element, { "aria-rowindex": i + 2, "aria-selected": props.selectable && row ? String(selected.has(row.id)) : null });
    const across = [...columns.keys()].filter((j) => j < pinned() || (j >= from && j < to));
    if (element.childElementCount !== across.length) element.replaceChildren(...across.map(() => h("div")));
    across.forEach((j, k) => fillCell(element.children[k], columns[j], j, row, i, waiting));
    if (element.children[pinned()]) element.children[pinned()].style.marginLeft = `${lefts[from] - lefts[pinned()]}px`;
  }

  function fillCell(cell, column, j, row, i, waiting) {
    const isActive = active.row === i && active.column === j;
    cell.className = `dcell k-${column.exact ? "exact" : column.kind}${alignsRight(column) ? " num" : ""}${isActive ? " active" : ""} ${stacked() ? spot(column) : ""}`;
    set(cell, { role: j === pinned() - 1 ? "rowheader" : "gridcell", "aria-colindex": j + 1, id: isActive && "d-active", title: null });
    place(cell, j);
    cell.said = () => row && !waiting && fullText(column, valueOf(column, row));
    if (column.kind === "counter") cell.textContent = count(i + 1);
    else if (waiting) cell.replaceChildren(h("i", { class: "skel" }));
    else if (column.kind !== "check") paint(cell, column, row, props.rowHref && j === pinned() - 1 ? template(props.rowHref, row) : null);
    else {
      const box = h("input", { type: "checkbox", class: "check", tabindex: -1, "aria-label": `Select ${row.name ?? row.id}`, onclick: (event) => toggle(i, event.shiftKey) });
      box.checked = selected.has(row.id);
      cell.replaceChildren(box);
    }
  }

  // Where a value stands when a row is two lines: name and status, then when and how long.
  function spot(column) {
    if (column.phone) return column.phone === "none" ? "gone" : column.phone;
    if (column.kind === "check") return "p0";
    if (column === columns[pinned() - 1]) return "p1";
    const firstOfKind = columns.find(({ kind }) => kind === column.kind) === column;
    return (firstOfKind && { status: "p2", instant: "r2", duration: "r3" }[column.kind]) || "gone";
  }

  function tell() {
    const { total, items, length } = rows;
    range.textContent = !total || !length ? "" : `${count(Math.floor(view.top) + 1)} to ${count(Math.min(Math.ceil(view.top + view.rows), total.count))} of ${count(total.count)}${total.exact === false ? "+" : ""}${isTable() ? ` rows, ${columns.length - 1} columns` : ""}`;
    chosen.textContent = selected.size ? `${count(selected.size)} selected` : "";
    const all = head.querySelector(".check");
    if (!all) return;
    all.checked = selected.size > 0 && selected.size >= items.length;
    all.indeterminate = selected.size > 0 && !all.checked;
  }

  // ── selection ──
  function toggle(i, through) {
    const from = through ? (anchor ?? i) : i;
    const change = selected.has(rows.items[i].id) ? "delete" : "add";
    for (const { id } of rows.items.slice(Math.min(from, i), Math.max(from, i) + 1)) selected[change](id);
    anchor = i;
    select(selected);
  }
  const selectAll = (event) => select(new Set(event.target.checked ? rows.items.map((row) => row.id) : []));
  function select(ids) {
    selected = ids;
    tellPage({ selected: [...ids] });
    view.ask();
  }

  // ── mouse and keys ──
  scroller.addEventListener("scroll", () => columns.length >= 16 && view.ask(), { passive: true });
  scroller.addEventListener("pointerover", ({ target }) => {
    const cell = target.closest?.(".dcell");
    if (cell?.said && !cell.title) cell.title = cell.said() || "";
  });
  scroller.addEventListener("click", ({ target }) => {
    const element = target.closest(".pane>.drow");
    if (!element || target.closest("a,button,input")) return;
    activate(element.ariaRowIndex - 2, target.closest(".dcell").ariaColIndex - 1);
    if (props.rowHref && getSelection().isCollapsed) element.querySelector("a")?.click();
  });

  function activate(row, column) {
    const within = (value, low, high) => Math.max(low, Math.min(high, value));
    active = { row: within(row, -1, rows.length - 1), column: within(column, 0, columns.length - 1) };
    scroller.setAttribute("aria-activedescendant", active.row < 0 ? `dh-${active.column}` : "d-active");
    [...head.children].forEach((cell, j) => cell.classList.toggle("active", active.row < 0 && j === active.column));
    if (active.row >= 0) view.reveal(active.row);
    if (active.column >= pinned()) scroller.scrollLeft = within(scroller.scrollLeft, lefts[active.column + 1] - scroller.clientWidth, lefts[active.column] - lefts[pinned()]);
    view.ask();
  }

  scroller.addEventListener("focus", () => activate(active.row, active.column));
  const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -1e6], End: [0, 1e6] };
  scroller.addEventListener("keydown", (event) => {
    const { key, altKey, shiftKey } = event;
    const far = event.ctrlKey || event.metaKey;
    const { row, column } = active;
    const page = { PageDown: 1, PageUp: -1 }[key] * (view.rows - 1);
    if (event.target !== scroller || altKey) return;
    if (page) activate(Math.max(0, row + page), column);
    else if (far && (key === "Home" || key === "End")) activate(key === "Home" ? 0 : rows.length, column);
    else if (steps[key] && !far) activate(row + steps[key][0], column + steps[key][1]);
    else if (key === "Enter" && row < 0) columns[column].sortable && sortBy(columns[column]);
    else if (key === "Enter") scroller.querySelector("#d-active")?.parentElement.querySelector("a")?.click();
    else if (key === " " && props.selectable && row >= 0) toggle(row, shiftKey);
    else if (far && key === "c" && row >= 0 && getSelection().isCollapsed) {
      const value = valueOf(columns[column], rows.row(row)) ?? "";
      navigator.clipboard.writeText(typeof value === "object" ? JSON.stringify(value) : String(value));
    } else return;
    event.preventDefault();
  });

  // ── following changes ──
  const refresh = atMostEvery(1000, () => {
    if (isTable() || document.hidden) return;
    if (!rows.total) return load();
    rows.refresh(rows.items.slice(...shown), view.top > 0.5).then(() => tellPage({ total: rows.total }), () => {});
  });
  function dress() {
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind }) => (kind === "reset" || !props.kinds || props.kinds.includes(kind)) && refresh());
    set(csv, { href: props.csv, hidden: !props.csv });
    foot.hidden = props.foot === false;
  }
  const seenAgain = () => !document.hidden && props.live && refresh();
  const clock = setInterval(() => {
    stamp++;
    view.ask();
  }, 30_000); // "3 min ago" grows old
  document.addEventListener("visibilitychange", seenAgain);
  phone.addEventListener("change", layOut);
  dress();
  load();

  return {
    update(next) {
      const before = props;
      const differs = (key) => JSON.stringify(next[key]) !== JSON.stringify(before[key]);
      props = next;
      dress();
      if (differs("selected")) selected = new Set(next.selected);
      const resort = differs("sort") && (next.sort ?? "") !== sort;
      if (resort) sort = next.sort ?? "";
      if (resort || differs("src") || (isTable() && differs("columns"))) return load();
      if (differs("columns")) setColumns(next.columns);
      changed();
    },
    unmount() {
      rows.destroy();
      clearInterval(clock);
      refresh.cancel();
      unsubscribe?.();
      document.removeEventListener("visibilitychange", seenAgain);
      phone.removeEventListener("change", layOut);
      view.destroy();
      root.remove();
    },
  };
});
