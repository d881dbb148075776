// One grid for lists and tables: windowed rows and columns, sorting, selection, keys.
import { bind, island } from "../bind.js";
import { atMostEvery, button, copy, empty, failed, h, icon, set } from "../dom.js";
import { count, decimalsFor, template } from "../format.js";
import { subscribe } from "../live.js";
import { windowed } from "../scroll.js";
import { alignsRight, fullText, measure, paint, valueOf } from "./cells.js";
import { listRows, tableRows } from "./rows.js";

export { bind };

const [ROW, STACKED] = [32, 53]; // stacked: two lines, on a phone
const CHECK = { key: "", title: "", kind: "check", width: 34 };
const COUNTER = { key: "", title: "", kind: "counter", width: 64 };
const WAITING = Array(6).fill({ key: "", title: "\u00a0", kind: "text", width: 150 });
const SPOTS = { status: "p2", instant: "r2", duration: "r3" };
let grids = 0;
const plain = (value) => (value && typeof value === "object" ? JSON.stringify(value) : value);
const STEPS = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -1e6], End: [0, 1e6] };

export const Grid = island((node, first) => {
  let props = first;
  let sort = props.sort ?? "";
  let selected = new Set(props.selected);
  let active = { row: -1, column: 0 };
  let [columns, lefts, shown, anchor, stamp] = [[], [0], [0, 0], 0, 0];
  let rows, unsubscribe;
  const id = `grid-${++grids}`;
  const isTable = props.mode === "offset";
  const phone = matchMedia("(max-width:640px)");
  const stacked = () => phone.matches && !isTable;
  const pinned = () => (props.selectable ? 2 : 1);

  const head = h("div.dhead.drow", { role: "row" });
  const scroller = h("div.dgrid", { role: "grid", tabindex: 0, "aria-label": props.label ?? "Rows" }, h("div.dsticky", { role: "rowgroup" }, head));
  const fresh = button(".btn.fresh", "", () => {
    rows.accept();
    changed();
    view.to(0);
  });
  const stage = h("div.dstage");
  const range = h("span", { role: "status" });
  const chosen = h("span.end");
  const csv = h("a.btn.icon.ghost", { "aria-label": "Export CSV", title: "Export CSV", download: true }, icon("download"));
  const foot = h("div.foot", range, chosen, csv);
  const root = node.appendChild(h(`section.datagrid${isTable ? ".lined" : ""}`, stage, foot));
  const view = windowed(scroller, draw);
  set(view.spacer, { role: "none" });
  set(view.pane, { role: "rowgroup" });
  view.resized = layOut;

  const tellPage = (state) => props.onState?.({ json: JSON.stringify(state) });

  // ── loading ──
  async function load() {
    rows?.destroy();
    const mine = (rows = (isTable ? tableRows : listRows)(props.src, sort, changed, props.columns));
    if (!isTable || !columns[0]) setColumns(isTable ? WAITING : props.columns);
    if (!scroller.isConnected) stage.replaceChildren(scroller, fresh);
    set(scroller, { "aria-busy": "true" });
    view.set({ total: view.total || 12 });
    view.to(0);
    try {
      await mine.load();
      if (mine !== rows) return;
      set(scroller, { "aria-busy": null });
      if (isTable) setColumns(rows.columns);
      changed();
      tellPage({ total: rows.total });
    } catch (error) {
      if (mine === rows && error.name !== "AbortError") stage.replaceChildren(failed(`Could not load the ${props.noun ?? "row"}s`, error, load));
    }
  }

  function changed() {
    if (!rows.length && props.empty) stage.replaceChildren(empty(props.empty));
    else if (!scroller.isConnected) stage.replaceChildren(scroller, fresh);
    for (const column of columns) if (column.kind === "number") column.decimals = decimalsFor(column.sample ?? rows.items.map((row) => valueOf(column, row)));
    set(scroller, { "aria-rowcount": rows.length + 1 });
    fresh.hidden = !rows.fresh;
    fresh.replaceChildren(icon("asc", 1), `${count(rows.fresh ?? 0)} new ${props.noun ?? "row"}${rows.fresh > 1 ? "s" : ""}`);
    view.set({ total: rows.length });
    layOut();
  }

  // ── columns ──
  function setColumns(given) {
    columns = [...(isTable ? [COUNTER] : props.selectable ? [CHECK] : []), ...given.map((column) => ({ kind: "text", title: column.key, ...column }))];
    head.replaceChildren(...columns.map((column, j) => {
      const { title, note, sortable, kind } = column;
      const label = h("span.cut", title, note && h("small", note));
      const way = sortable && (sort === keyOf(column) ? "ascending" : sort === `-${keyOf(column)}` ? "descending" : "none");
      return h("div", { class: `dcell${alignsRight(column) ? " num" : ""}`, role: "columnheader", id: `${id}-h${j}`, title, "aria-sort": way },
        kind === "check" ? h("input.check", { type: "checkbox", "aria-label": "Select all", tabindex: -1, onclick: ({ target }) => select(target.checked ? rows.items.map(({ id }) => id) : []) })
          : sortable ? button("", [label, way !== "none" && icon(way === "ascending" ? "asc" : "desc", 1)], () => sortBy(column), { tabindex: -1 }) : label);
    }));
    set(scroller, { "aria-colcount": columns.length });
    layOut();
  }

  const keyOf = ({ key, sort: by }) => by ?? (key.path ? key.path.map((part) => (/^\w+$/.test(part) ? part : `\`${part}\``)).join(".") : key);

  function sortBy(column) {
    const key = keyOf(column);
    const ways = alignsRight(column) ? [`-${key}`, key] : [key, `-${key}`];
    sort = ways[sort === ways[0] ? 1 : 0];
    tellPage({ sort });
    if (isTable) setColumns(rows.columns);
    load();
  }

  function layOut() {
    if (!columns[0] || !scroller.clientWidth) return;
    lefts = measure(columns, rows.items, scroller.clientWidth, getComputedStyle(scroller).fontFamily, isTable ? 300 : 340);
    for (const { style } of [head, view.spacer, view.pane]) style.width = stacked() ? "" : `${Math.max(lefts.at(-1), scroller.clientWidth)}px`;
    [...head.children].forEach(place);
    root.classList.toggle("stack", stacked());
    stamp++;
    view.set({ header: head.offsetHeight, rowHeight: stacked() ? STACKED : ROW });
  }

  function place(cell, j) {
    cell.style.width = `${columns[j].pixels}px`;
    cell.style.left = j < pinned() ? `${lefts[j]}px` : "";
    cell.classList.toggle("pin", j < pinned());
  }

  // ── rows ──
  function draw(begin, amount, put) {
    const pool = view.pane.children;
    while (pool.length < amount) view.pane.append(h("div.drow", { role: "row" }));
    while (pool.length > amount) view.pane.lastChild.remove();
    const tall = stacked() ? STACKED : ROW;
    const offset = put((k) => k * tall);
    // The columns in sight; few are always all drawn.
    let [from, to] = [pinned(), columns.length];
    if (to > 15) {
      while (from < to - 1 && lefts[from + 1] <= scroller.scrollLeft + lefts[pinned()]) from++;
      to = from + 1;
      while (to < columns.length && lefts[to] < scroller.scrollLeft + scroller.clientWidth) to++;
    }
    rows.forget?.(begin, begin + amount);
    shown = [begin, begin + amount];
    for (let i = begin; i < begin + amount; i++) {
      const element = pool[i % amount];
      element.style.translate = `0 ${(i - begin) * tall - offset}px`;
      fill(element, i, from, to);
    }
    tell();
  }

  function fill(element, i, from, to) {
    const row = rows.row(i);
    const waiting = !row || (isTable && rows.cell(i, from - 1) === undefined);
    const key = [i, row?.id, from, to, stamp, waiting, selected.has(row?.id), active.row === i && active.column].join();
    if (element.key === key) return;
    element.key = key;
    set(element, { "aria-rowindex": i + 2, "aria-selected": props.selectable && String(selected.has(row?.id)) });
    const across = [...columns.keys()].filter((j) => j < pinned() || (j >= from && j < to));
    if (element.childElementCount !== across.length) element.replaceChildren(...across.map(() => h("div")));
    across.forEach((j, k) => fillCell(element.children[k], j, row, i, waiting));
    if (across[pinned()]) element.children[pinned()].style.marginLeft = `${lefts[from] - lefts[pinned()]}px`;
  }

  function fillCell(cell, j, row, i, waiting) {
    const column = columns[j];
    const { kind, exact } = column;
    const isActive = active.row === i && active.column === j;
    set(cell, {
      class: `dcell k-${exact ? "exact" : kind}${alignsRight(column) ? " num" : ""}${isActive ? " active" : ""} ${stacked() ? spot(column) : ""}`,
      role: j === pinned() - 1 ? "rowheader" : "gridcell",
      "aria-colindex": j + 1,
      id: isActive && `${id}-active`,
      title: null,
    });
    place(cell, j);
    cell.tell = () => (waiting || !kind || j < pinned() - 1 ? "" : fullText(column, valueOf(column, row)));
    if (kind === "counter") cell.textContent = count(i + 1);
    else if (waiting) cell.replaceChildren(h("i.skel"));
    else if (kind !== "check") paint(cell, column, row, props.rowHref && j === pinned() - 1 ? template(props.rowHref, row) : null);
    else {
      const box = h("input.check", { type: "checkbox", tabindex: -1, "aria-label": `Select ${row.name ?? row.id}`, onclick: ({ shiftKey }) => toggle(i, shiftKey) });
      box.checked = selected.has(row.id);
      cell.replaceChildren(box);
    }
  }

  // Where a value stands when a row is two lines: name and status, then when and how long.
  function spot(column) {
    const { kind, phone: wish } = column;
    if (wish) return wish === "none" ? "gone" : wish;
    if (kind === "check") return "p0";
    if (column === columns[pinned() - 1]) return "p1";
    return (columns.find((each) => each.kind === kind) === column && SPOTS[kind]) || "gone";
  }

  function tell() {
    const { total, items, length } = rows;
    const last = Math.min(Math.ceil(view.top + view.rows), total?.count);
    range.textContent = total && length ? `${count(Math.floor(view.top) + 1)} to ${count(last)} of ${count(total.count)}${total.exact === false ? "+" : ""}${isTable ? ` rows, ${columns.length - 1} columns` : ""}` : "";
    chosen.textContent = selected.size ? `${count(selected.size)} selected` : "";
    const all = head.querySelector(".check");
    if (!all) return;
    all.checked = selected.size > 0 && selected.size >= items.length;
    all.indeterminate = selected.size > 0 && !all.checked;
  }

  // ── selection ──
  function toggle(i, through) {
    const from = through ? anchor : i;
    const change = selected.has(rows.items[i].id) ? "delete" : "add";
    for (const { id } of rows.items.slice(Math.min(from, i), Math.max(from, i) + 1)) selected[change](id);
    anchor = i;
    select(selected);
  }
  function select(ids) {
    selected = new Set(ids);
    tellPage({ selected: [...ids] });
    view.ask();
  }

  // ── mouse and keys ──
  scroller.addEventListener("scroll", () => columns.length > 15 && view.ask(), { passive: true });
  scroller.addEventListener("pointerover", ({ target }) => {
    const cell = target.closest?.(".dcell");
    if (cell?.tell && !cell.title) cell.title = cell.tell();
  });
  scroller.addEventListener("click", ({ target }) => {
    const element = target.closest(".pane>.drow");
    if (!element || target.closest("a,button,input")) return;
    activate(element.ariaRowIndex - 2, (target.closest(".dcell")?.ariaColIndex ?? 1) - 1);
    if (props.rowHref && getSelection().isCollapsed) element.querySelector("a")?.click();
  });
  scroller.addEventListener("focus", () => activate(active.row, active.column));

  function activate(row, column) {
    const within = (value, low, high) => Math.max(low, Math.min(high, value));
    active = { row: within(row, -1, rows.length - 1), column: within(column, 0, columns.length - 1) };
    set(scroller, { "aria-activedescendant": active.row < 0 ? `${id}-h${active.column}` : `${id}-active` });
    [...head.children].forEach((cell, j) => cell.classList.toggle("active", active.row < 0 && j === active.column));
    if (active.row >= 0) view.reveal(active.row);
    if (active.column >= pinned()) scroller.scrollLeft = within(scroller.scrollLeft, lefts[active.column + 1] - scroller.clientWidth, lefts[active.column] - lefts[pinned()]);
    view.ask();
  }

  scroller.addEventListener("keydown", (event) => {
    const { key, altKey, shiftKey, target } = event;
    const far = event.ctrlKey || event.metaKey;
    const { row, column } = active;
    const [down, right] = STEPS[key] ?? [];
    if (target !== scroller || altKey) return;
    if (key === "PageDown") activate(row + view.rows - 1, column);
    else if (key === "PageUp") activate(Math.max(0, row + 1 - view.rows), column);
    else if (far && (key === "Home" || key === "End")) activate(key === "Home" ? 0 : rows.length, column);
    else if (STEPS[key] && !far) activate(row + down, column + right);
    else if (key === "Enter" && row < 0) columns[column].sortable && sortBy(columns[column]);
    else if (key === "Enter") scroller.querySelector(`#${id}-active`)?.parentElement.querySelector("a")?.click();
    else if (key === " " && props.selectable && row >= 0) toggle(row, shiftKey);
    else if (far && key === "c" && row >= 0 && getSelection().isCollapsed) copy(String(plain(valueOf(columns[column], rows.row(row))) ?? ""));
    else return;
    event.preventDefault();
  });

  // ── following changes ──
  const refresh = atMostEvery(1000, () => {
    if (isTable || document.hidden) return;
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
  const clock = setInterval(() => ++stamp && view.ask(), 30_000); // "3 min ago" grows old
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
      const resorted = differs("sort") && (next.sort ?? "") !== sort;
      if (resorted) sort = next.sort ?? "";
      if (resorted || differs("src") || (isTable && differs("columns"))) return load();
      if (differs("columns")) {
        setColumns(next.columns);
        changed();
      }
      view.ask();
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
