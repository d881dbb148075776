// One grid for lists and tables: windowed rows and columns, sorting, selection, keys.
import { bind, island } from "../bind.js";
import { atMostEvery, empty, failed, h, icon, set } from "../dom.js";
import { count, decimalsFor, template, valueAt } from "../format.js";
import { subscribe } from "../live.js";
import { windowed } from "../scroll.js";
import { alignsRight, fullText, paint, textOf } from "./cells.js";
import { listRows } from "./lists.js";
import { tableRows } from "./tables.js";

export { bind };

const ROW = 32;
const STACKED = 53;
const WIDTHS = { status: 120, number: 90, tags: 150, instant: 110, duration: 96, user: 52, bool: 70, size: 90 };
const CHECK = { key: "", title: "", kind: "check", width: 34 };
const COUNTER = { key: "", title: "", kind: "counter", width: 64, align: "right" };

export const Grid = island((node, first) => {
  let props = first;
  const isTable = () => props.mode === "offset";
  const phone = matchMedia("(max-width:640px)");
  const stacked = () => phone.matches && !isTable();
  let [rows, columns, sort, selected, active, lefts, width, stamp, unsubscribe] = [null, [], props.sort ?? "", new Set(props.selected), { row: -1, column: 0 }, [], 0, 0, null];

  const head = h("div", { class: "dhead drow", role: "row" });
  const scroller = h("div", { class: "dgrid", role: "grid", tabindex: 0, "aria-label": props.label ?? "Rows" }, h("div", { class: "dsticky", role: "rowgroup" }, head));
  const fresh = h("button", { type: "button", class: "btn fresh", hidden: true, onclick: acceptFresh });
  const stage = h("div", { class: "dstage" }, scroller, fresh);
  const range = h("span", { role: "status" });
  const csv = h("a", { class: "btn icon ghost", "aria-label": "Export CSV", title: "Export CSV", download: true }, icon("download"));
  const chosen = h("span");
  const foot = h("div", { class: "foot" }, range, h("span", { class: "row end" }, chosen, csv));
  const root = node.appendChild(h("section", { class: "datagrid" }, stage, foot));
  const view = windowed(scroller, { rowHeight: ROW, draw });
  view.spacer.setAttribute("role", "none");
  view.pane.setAttribute("role", "rowgroup");
  view.resized = () => measureColumns();

  const tellPage = (state) => props.onState?.({ json: JSON.stringify(state) });
  const pinned = () => (isTable() ? 1 : props.selectable ? 2 : 1);
  const plainColumns = () => columns.filter((column) => column.kind !== "check" && column.kind !== "counter");

  // ── loading ──
  async function load() {
    rows?.destroy();
    const mine = (rows = isTable() ? tableRows(props.src, { sort, names: props.columns }, changed) : listRows(props.src, { sort }, changed));
    active = { row: -1, column: pinned() - 1 };
    if (!isTable()) setColumns(props.columns);
    else if (!columns.length) setColumns(Array.from({ length: 6 }, (_, i) => ({ key: `${i}`, title: "\u00a0", kind: "text", width: 140 })));
    scroller.setAttribute("aria-busy", "true");
    stage.replaceChildren(scroller, fresh);
    view.set({ total: Math.max(view.total, 12), header: head.offsetHeight });
    view.to(0);
    try {
      await mine.load();
    } catch (error) {
      if (error.name !== "AbortError" && mine === rows) stage.replaceChildren(failed(`Could not load the ${props.noun ?? "row"}s`, error, load));
      return;
    }
    if (mine !== rows) return;
    scroller.removeAttribute("aria-busy");
    if (isTable()) setColumns(rows.columns);
    changed();
    tellPage({ total: rows.total });
  }

  function changed() {
    if (!rows.length && props.empty && !isTable()) return void stage.replaceChildren(empty(props.empty));
    if (!scroller.isConnected) stage.replaceChildren(scroller, fresh);
    for (const column of columns) if (column.kind === "number") column.decimals = decimalsFor(column.sample ?? rows.items.map((row) => valueAt(row, column.key)));
    stamp++;
    if (!isTable()) measureColumns();
    scroller.setAttribute("aria-rowcount", rows.length + 1);
    view.set({ total: rows.length, header: head.offsetHeight, rowHeight: stacked() ? STACKED : ROW });
    fresh.hidden = !rows.fresh;
    fresh.replaceChildren(icon("asc", true), `${count(rows.fresh)} new${props.noun ? ` ${props.noun}${rows.fresh === 1 ? "" : "s"}` : ""}`);
    tell();
  }

  function acceptFresh() {
    rows.accept();
    changed();
    view.to(0);
  }

  // ── columns ──
  function setColumns(given) {
    columns = [...(isTable() ? [COUNTER] : props.selectable ? [CHECK] : []), ...given.map((column) => ({ kind: "text", ...column, title: column.title ?? column.key }))];
    measureColumns();
    drawHead();
  }

  const pen = document.createElement("canvas").getContext("2d");
  function measureColumns() {
    if (!columns.length || !scroller.clientWidth) return;
    const family = getComputedStyle(scroller).fontFamily;
    const widest = (texts, font) => ((pen.font = `${font} ${family}`), texts.reduce((most, text) => Math.max(most, pen.measureText(text).width), 0));
    for (const column of columns) {
      if (column.width) column.natural = column.width;
      else {
        const sample = column.sample ?? rows?.items.slice(0, 60) ?? [];
        const texts = sample.map((row) => (column.sample ? textOf(column, row) : textOf(column, valueAt(row, column.key)) + (column.suffix ? ` ${template(column.suffix, row, String)}` : ""))).map((text) => text.slice(0, 60));
        const extra = { status: 22, tags: 30 }[column.kind] ?? 0;
        const fit = column.kind === "user" ? 52 : Math.max(widest(texts, "500 13px") + 24 + extra, widest([column.title, column.note ?? ""], "600 12px") + 24 + (column.sortable ? 16 : 0));
        column.natural = Math.min(isTable() ? 300 : 340, Math.max(fit, texts.length ? 56 : (WIDTHS[column.kind] ?? 160), column.natural ?? 0));
      }
    }
    const all = columns.reduce((sum, column) => sum + column.natural, 0);
    const free = Math.max(0, scroller.clientWidth - all);
    const stretchable = columns.filter((column) => !column.width).reduce((sum, column) => sum + column.natural, 0);
    const grow = Math.min(free / stretchable || 0, isTable() ? 0.5 : Infinity);
    lefts = [0];
    for (const column of columns) {
      column.pixels = Math.floor(column.natural * (column.width ? 1 : 1 + grow));
      lefts.push(lefts.at(-1) + column.pixels);
    }
    width = lefts.at(-1);
    head.style.width = view.spacer.style.width = view.pane.style.width = stacked() ? "" : `${Math.max(width, scroller.clientWidth)}px`;
    [...head.children].forEach((cell, j) => place(cell, j));
    stamp++;
    root.classList.toggle("stack", stacked());
    view.ask();
  }

  function place(cell, j) {
    cell.style.width = `${columns[j].pixels}px`;
    cell.classList.toggle("pin", j < pinned());
    cell.style.left = j < pinned() ? `${lefts[j]}px` : "";
  }

  function drawHead() {
    head.replaceChildren(...columns.map((column, j) => {
      const cell = h("div", { class: `dcell ${alignsRight(column) ? "num" : ""}`, role: "columnheader", id: `dh-${j}`, "aria-colindex": j + 1 });
      if (column.kind === "check") cell.append(h("input", { type: "checkbox", class: "check", "aria-label": "Select all", tabindex: -1, onclick: selectAll }));
      const label = [column.title, column.note && h("small", {}, column.note)].filter(Boolean);
      if (!column.sortable) cell.append(h("span", { class: "cut" }, ...label));
      else {
        const way = sort === `-${keyOf(column)}` ? "descending" : sort === keyOf(column) ? "ascending" : "none";
        set(cell, { "aria-sort": way });
        cell.append(h("button", { type: "button", tabindex: -1, title: column.title, onclick: () => sortBy(column) }, h("span", { class: "cut" }, ...label), way !== "none" && icon(way === "ascending" ? "asc" : "desc", true)));
      }
      return cell;
    }));
    columns.forEach((_, j) => place(head.children[j], j));
    scroller.setAttribute("aria-colcount", columns.length);
  }

  const keyOf = (column) => column.sort ?? (column.key.path ? column.key.path.map((part) => (/^\w+$/.test(part) ? part : `\`${part}\``)).join(".") : column.key);

  function sortBy(column) {
    const key = keyOf(column);
    const [once, twice] = ["text", "link", "user"].includes(column.kind) ? [key, `-${key}`] : [`-${key}`, key];
    sort = sort === once ? twice : once;
    drawHead();
    tellPage({ sort });
    load();
  }

  // ── rows ──
  let shown = [0, 0];
  function draw(begin, amount, put) {
    const pool = view.pane.children;
    while (pool.length < amount) view.pane.append(h("div", { class: "drow", role: "row" }));
    while (pool.length > amount) view.pane.lastChild.remove();
    const tall = stacked() ? STACKED : ROW;
    const offset = put((k) => k * tall);
    const [from, to] = columnsInSight();
    rows.seen?.(begin, begin + amount);
    shown = [begin, begin + amount];
    for (let i = begin; i < begin + amount; i++) {
      const element = pool[i % amount];
      element.style.translate = `0 ${(i - begin) * tall - offset}px`;
      fill(element, i, from, to);
    }
    head.style.translate = "";
    tell();
  }

  function columnsInSight() {
    if (stacked() || columns.length < 16) return [pinned(), columns.length];
    const [left, right] = [scroller.scrollLeft + lefts[pinned()], scroller.scrollLeft + scroller.clientWidth];
    let from = pinned();
    while (from < columns.length - 1 && lefts[from + 1] <= left) from++;
    let to = from + 1;
    while (to < columns.length && lefts[to] < right) to++;
    return [from, to];
  }

  function fill(element, i, from, to) {
    const row = rows.row(i);
    const waiting = !row || (isTable() && rows.cell(i, from - pinned()) === undefined);
    const key = `${i} ${from} ${to} ${stamp} ${waiting} ${selected.has(row?.id)} ${active.row === i ? active.column : ""}`;
    if (element.key === key && element.row === (row?.id ?? i)) return;
    const across = [...Array(pinned()).keys(), ...Array.from({ length: to - from }, (_, k) => from + k)];
    if (element.across !== across.length) {
      element.replaceChildren(...across.map(() => h("div", { class: "dcell" })));
      element.across = across.length;
    }
    [element.key, element.row] = [key, row?.id ?? i];
    set(element, { "aria-rowindex": i + 2, "aria-selected": props.selectable && row ? String(selected.has(row.id)) : null });
    across.forEach((j, k) => fillCell(element.children[k], columns[j], j, row, i, waiting));
    const skipped = lefts[from] - lefts[pinned()];
    if (element.children[pinned()]) element.children[pinned()].style.marginLeft = skipped ? `${skipped}px` : "";
  }

  function fillCell(cell, column, j, row, i, waiting) {
    const isActive = active.row === i && active.column === j;
    cell.className = `dcell ${alignsRight(column) ? "num" : ""} k-${column.kind} ${stacked() ? spot(column) : ""} ${isActive ? "active" : ""}`;
    set(cell, { role: j === pinned() - 1 ? "rowheader" : "gridcell", "aria-colindex": j + 1, id: isActive ? "d-active" : null, title: null });
    place(cell, j);
    [cell.column, cell.item] = [column, row];
    if (column.kind === "counter") cell.textContent = count(i + 1);
    else if (waiting) cell.replaceChildren(h("i", { class: "skel" }));
    else if (column.kind === "check") {
      const box = h("input", { type: "checkbox", class: "check", tabindex: -1, "aria-label": `Select ${row.name ?? row.id}`, onclick: (event) => toggle(i, event.shiftKey) });
      box.checked = selected.has(row.id);
      cell.replaceChildren(box);
    } else paint(cell, column, row, props.rowHref && j === pinned() - 1 ? template(props.rowHref, row) : undefined);
  }

  // Where a value stands when a row is two lines: name and status, then when and how long.
  function spot(column) {
    if (column.kind === "check") return "p0";
    if (column.phone) return column.phone === "none" ? "gone" : column.phone;
    const mine = plainColumns();
    if (column === mine[0]) return "p1";
    const kinds = { status: "p2", instant: "r2", duration: "r3" };
    return kinds[column.kind] && mine.find((each) => each.kind === column.kind) === column ? kinds[column.kind] : "gone";
  }

  function tell() {
    const total = rows?.total;
    if (!total || !rows.length) return void (range.textContent = "");
    const until = Math.min(Math.ceil(view.top + view.rows), total.count);
    range.textContent = `${count(Math.floor(view.top) + 1)} to ${count(until)} of ${count(total.count)}${total.exact === false ? "+" : ""}${isTable() ? ` rows, ${count(columns.length - 1)} columns` : ""}`;
    chosen.textContent = selected.size ? `${count(selected.size)} selected` : "";
    const all = head.querySelector(".check");
    if (all) [all.checked, all.indeterminate] = [selected.size > 0 && selected.size >= rows.items.length, selected.size > 0 && selected.size < rows.items.length];
  }

  // ── selection ──
  let anchor = null;
  function toggle(i, through) {
    const ids = through && anchor !== null ? rows.items.slice(Math.min(anchor, i), Math.max(anchor, i) + 1) : [rows.items[i]];
    const add = !selected.has(rows.items[i].id);
    for (const { id } of ids) selected[add ? "add" : "delete"](id);
    anchor = i;
    announce();
  }
  function selectAll(event) {
    selected = new Set(event.target.checked ? rows.items.map((row) => row.id) : []);
    announce();
  }
  function announce() {
    tellPage({ selected: [...selected] });
    tell();
    view.ask();
  }

  // ── mouse and keys ──
  scroller.addEventListener("scroll", () => columns.length >= 16 && view.ask(), { passive: true });
  scroller.addEventListener("pointerover", (event) => {
    const cell = event.target.closest?.(".dcell");
    if (cell?.item && !cell.title) cell.title = fullText(cell.column, valueOf(cell.column, cell.item));
  });
  scroller.addEventListener("click", (event) => {
    const element = event.target.closest(".drow");
    if (!element || element === head || event.target.closest("a,button,input")) return;
    activate(Number(element.getAttribute("aria-rowindex")) - 2, Math.max(0, columns.indexOf(event.target.closest(".dcell")?.column)));
    if (props.rowHref && getSelection().isCollapsed) element.querySelector("a")?.click();
  });

  const valueOf = (column, row) => (column.read ? column.read(row) : valueAt(row, column.key));

  function activate(row, column) {
    active = { row: Math.max(-1, Math.min(rows.length - 1, row)), column: Math.max(0, Math.min(columns.length - 1, column)) };
    scroller.setAttribute("aria-activedescendant", active.row < 0 ? `dh-${active.column}` : "d-active");
    [...head.children].forEach((cell, j) => cell.classList.toggle("active", active.row < 0 && j === active.column));
    if (active.row >= 0) view.reveal(active.row);
    const [left, right] = [lefts[active.column] - lefts[pinned()], lefts[active.column + 1]];
    if (active.column >= pinned()) scroller.scrollLeft = Math.max(Math.min(scroller.scrollLeft, left), right - scroller.clientWidth);
    view.ask();
  }

  const steps = {
    ArrowDown: () => [1, 0], ArrowUp: () => [-1, 0], ArrowRight: () => [0, 1], ArrowLeft: () => [0, -1],
    PageDown: () => [view.rows - 1, 0], PageUp: () => [1 - view.rows, 0],
    Home: (far) => [far ? -1e12 : 0, -1e6], End: (far) => [far ? 1e12 : 0, 1e6],
  };
  scroller.addEventListener("keydown", (event) => {
    const far = event.ctrlKey || event.metaKey;
    const step = (!far || ["Home", "End"].includes(event.key)) && !event.altKey && steps[event.key]?.(far);
    if (step) {
      event.preventDefault();
      const from = active.row < 0 && step[0] > 0 && !head.querySelector(".active") ? -1 : active.row;
      activate(step[0] < -1 && from >= 0 ? Math.max(0, from + step[0]) : from + step[0], active.column + step[1]);
    } else if (event.target !== scroller) return;
    else if (event.key === "Enter") {
      if (active.row < 0) columns[active.column]?.sortable && sortBy(columns[active.column]);
      else scroller.querySelector("#d-active")?.parentElement.querySelector("a")?.click();
    } else if (event.key === " " && props.selectable && active.row >= 0) event.preventDefault(), toggle(active.row, event.shiftKey);
    else if (far && event.key === "c" && active.row >= 0 && getSelection().isCollapsed) {
      const value = valueOf(columns[active.column], rows.row(active.row));
      navigator.clipboard.writeText(value == null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
    }
  });

  // ── following changes ──
  const refresh = atMostEvery(1000, () => {
    if (isTable() || document.hidden) return;
    const seen = rows.items.slice(...shown);
    rows.refresh(seen, view.top > 0.5).then(() => tellPage({ total: rows.total }), () => {});
  });
  const listen = () => {
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind }) => (kind === "reset" || !props.kinds || props.kinds.includes(kind)) && refresh());
  };
  const seenAgain = () => !document.hidden && props.live && refresh();
  const onPhone = () => (measureColumns(), changed());
  const clock = setInterval(() => (stamp++, view.ask()), 30_000);
  document.addEventListener("visibilitychange", seenAgain);
  phone.addEventListener("change", onPhone);
  const dress = () => {
    set(csv, { href: props.csv, hidden: !props.csv });
    foot.hidden = props.foot === false;
  };
  dress();
  listen();
  load();

  return {
    update(next) {
      const before = props;
      props = next;
      dress();
      if (next.live !== before.live) listen();
      if (next.selected && JSON.stringify(next.selected) !== JSON.stringify(before.selected)) (selected = new Set(next.selected)), view.ask();
      const newSort = next.sort !== before.sort && (next.sort ?? "") !== sort;
      if (newSort) sort = next.sort ?? "";
      const newColumns = JSON.stringify(next.columns) !== JSON.stringify(before.columns);
      if (next.src !== before.src || newSort || (newColumns && isTable())) return load();
      if (newColumns) setColumns(next.columns), changed();
    },
    unmount() {
      rows?.destroy();
      clearInterval(clock);
      refresh.cancel();
      unsubscribe?.();
      document.removeEventListener("visibilitychange", seenAgain);
      phone.removeEventListener("change", onPhone);
      view.destroy();
      root.remove();
    },
  };
});
