// The log of one step, any length: a window of lines, search and levels asked of the server.
import { bind, island } from "../bind.js";
import { atMostEvery, button, copy, empty, failed, fetchJson, h, icon, iconButton, set, withQuery } from "../dom.js";
import { clock, count, zone } from "../format.js";
import { subscribe } from "../live.js";
import { windowed } from "../scroll.js";
import { plain, spans } from "./ansi.js";

export { bind };

const CHUNK = 500;
const KEPT_CHUNKS = 60;
const MOST_COPIED = 20_000;
const ROW = 20;
const POLL_MS = 3000;
const LEVELS = [[null, "All"], ["warning", "Warnings"], ["error", "Errors"]];
const LOOKS = { error: " error", critical: " error", warning: " warn" };
const NOTHING = { lines: [], total: 0, at: -1 };

export const Logs = island((node, first) => {
  let props = first;
  let chunks = new Map();
  const pending = new Map();
  let found = NOTHING; // hits of the search, or the lines of a level
  let marks = [0, 0]; // from line, to line
  let following = props.running;
  let [q, regex, level, pattern, wrapped, total, unread, drawn] = ["", false, null, null, false, null, 0, -1];
  let firstError, unsubscribe, searching, asking, typing;

  const input = h("input", { type: "search", "aria-label": "Search log", placeholder: "Search log", spellcheck: "false" });
  const position = h("span.small.t3.nw", { role: "status" });
  const find = h("label.input.find", icon("search", 1), input, position);
  const toggle = (look, label, act) => iconButton(look, label, ({ currentTarget }) => set(currentTarget, { "aria-pressed": String(act()) }), { "aria-pressed": "false" });
  const levels = LEVELS.map(([value, label]) => button("", label, () => setLevel(value), { "aria-pressed": String(!value) }));
  const toError = button(".btn.danger", [icon("desc", 1), "First error"], () => show(firstError), { hidden: true });
  const download = h("a.btn.icon.ghost", { "aria-label": "Download log", title: "Download log", download: true }, icon("download"));
  const scroller = h("div.log", { role: "log", "aria-live": "off", "aria-label": "Log", tabindex: 0 });
  const said = h("span", { role: "status" });
  const copier = button(".btn", "", copyMarked, { hidden: true });
  const newer = button(".btn", "", follow, { hidden: true });
  const stage = h("div.lstage");
  const root = node.appendChild(h("section.logs", { "aria-label": "Log" },
    h("div.filters", find, iconButton("up", "Previous hit", () => step(-1)), iconButton("down", "Next hit", () => step(1)), toggle([".*"], "Regular expression", toggleRegex),
      h("div.seg", { role: "group", "aria-label": "Level" }, levels), toError, h("span.row.end", toggle("wrap", "Wrap lines", wrap), download)),
    stage, h("div.foot", said, h("span.row.end", copier, newer))));

  const view = windowed(scroller, draw);
  view.set({ rowHeight: ROW });
  view.moved = () => requestAnimationFrame(() => {
    following = props.running && view.atEnd;
    tell();
  });

  // ── lines ──
  const fetchLog = (query, signal) => fetchJson(withQuery(props.src, { attempt: props.attempt, ...query }), signal);
  const fail = (error) => error.name !== "AbortError" && stage.replaceChildren(failed("Could not load the log", error, load));

  function lineAt(i) {
    if (level) {
      if (i >= found.lines.length) searchOn();
      return found.lines[i];
    }
    const k = Math.floor(i / CHUNK);
    const chunk = chunks.get(k);
    if (!pending.has(k) && (chunk?.length ?? 0) < Math.min(CHUNK, total - k * CHUNK)) {
      const abort = new AbortController();
      pending.set(k, abort);
      fetchLog({ from: k * CHUNK, limit: CHUNK }, abort.signal).then((answer) => keep(k, answer), fail).finally(() => pending.delete(k));
    }
    return chunk?.[i % CHUNK];
  }

  function keep(k, answer) {
    chunks.delete(k);
    chunks.set(k, answer.lines);
    if (chunks.size > KEPT_CHUNKS) chunks.delete(chunks.keys().next().value);
    grow(answer.total);
  }

  function grow(now) {
    if (total !== null && !following) unread += now - total;
    total = now;
    if (!level) view.set({ total });
    if (following && !level) view.to(Infinity);
    tell();
  }

  async function load() {
    for (const abort of pending.values()) abort.abort();
    chunks = new Map();
    [total, firstError, unread, drawn] = [null, null, 0, -1];
    stage.replaceChildren(h("div.log", { "aria-busy": "true" }, Array.from({ length: 14 }, (_, i) => h(`i.skel.w${i % 5}`))));
    try {
      const answer = await fetchLog({ from: 0, limit: CHUNK });
      const silent = !answer.total && !props.running;
      stage.replaceChildren(silent ? empty({ title: "This step wrote no log", text: "Whatever a step prints or logs is kept here." }) : scroller);
      keep(0, answer);
      if (props.line) show(props.line);
      findError();
    } catch (error) {
      fail(error);
    }
  }

  async function findError() {
    if (firstError || !total) return;
    const { hits, total: errors } = await fetchLog({ level: "error", after: 0, limit: 1 }).catch(() => ({ hits: [] }));
    firstError = hits[0]?.n;
    toError.hidden = !firstError;
    toError.title = `Line ${count(firstError ?? 0)}, ${count(errors ?? 0)} in all`;
  }

  // ── drawing ──
  function draw(begin, shown, place) {
    const { pane } = view;
    const rows = pane.children;
    while (rows.length < shown) pane.append(h("div", h("a.n", { href: "#", tabindex: -1 }), h("span.ts"), h("span.lv"), h("span.tx")));
    while (rows.length > shown) pane.lastChild.remove();
    // Rows that stay in sight keep their elements, and with them a selection.
    const shift = begin - drawn;
    if (Math.abs(shift) < shown) for (let i = Math.abs(shift); i; i--) shift > 0 ? pane.append(rows[0]) : pane.prepend(pane.lastChild);
    drawn = begin;
    for (let i = 0; i < shown; i++) fill(rows[i], lineAt(begin + i), begin + i);
    for (const [k, abort] of pending) if (k < Math.floor(begin / CHUNK) - 1 || k > (begin + shown) / CHUNK + 1) abort.abort();
    const offset = place((k) => (wrapped ? rows[k - 1].offsetTop + rows[k - 1].offsetHeight - rows[0].offsetTop : k * ROW));
    for (const row of rows) row.style.translate = `0 ${-offset}px`;
  }

  function fill(row, line, i) {
    const kind = line?.level?.toLowerCase();
    const look = `lrow${LOOKS[kind] ?? ""}${line?.n >= marks[0] && line?.n <= marks[1] ? " marked" : ""}${line && found.lines[found.at]?.n === line.n ? " now" : ""}`;
    if (row.className !== look) row.className = look;
    if (row.line === (line ?? i) && row.pattern === pattern) return;
    [row.line, row.pattern] = [line ?? i, pattern];
    const [n, at, word, text] = row.children;
    n.textContent = line?.n ?? (level ? "" : i + 1);
    at.textContent = line ? clock(line.at) : "";
    word.textContent = kind && kind !== "info" ? kind : line?.stream === "stderr" ? "stderr" : "";
    text.replaceChildren(...(line ? spans(line.text, pattern) : ["…"]));
  }

  function tell() {
    if (view.atEnd) unread = 0;
    said.textContent = `${level ? `${count(found.total)} of ` : ""}${count(total ?? 0)} lines · times in ${zone()}`;
    newer.hidden = !props.running || following;
    newer.replaceChildren(icon("follow", 1), unread ? `${count(unread)} new lines` : "Follow");
    copier.hidden = marks[1] === marks[0];
    copier.replaceChildren(icon("copy", 1), `Copy ${count(marks[1] - marks[0] + 1)} lines`);
  }

  function follow() {
    following = true;
    if (level) setLevel(null);
    view.to(Infinity);
    tell();
  }

  /** Brings a line into sight, a few lines below the top, and marks it. */
  function show(n) {
    following = false;
    if (level) setLevel(null);
    marks = [n, n];
    view.to(n - 6);
    tell();
  }

  // ── search and levels ──
  async function search() {
    searching?.abort();
    searching = new AbortController();
    [found, asking, q] = [{ ...NOTHING, lines: [] }, null, input.value];
    pattern = q && compile();
    set(find, { "aria-invalid": null });
    position.textContent = "";
    view.set({ total: level ? 0 : (total ?? 0) });
    if (!q && !level) return;
    await searchOn();
    if (q && !level) step(Math.max(0, found.lines.findIndex((line) => line.n > view.top)) + 1);
  }

  // The hits after those at hand.
  function searchOn() {
    if (found.total && found.lines.length >= found.total) return;
    const mine = found;
    asking ??= fetchLog({ q, regex: q && regex, level, after: found.lines.at(-1)?.n ?? 0 }, searching.signal).then(({ hits, total: all }) => {
      if (mine !== found) return;
      asking = null;
      found.lines.push(...hits);
      found.total = hits.length ? all : found.lines.length;
      if (level) view.set({ total: found.lines.length + (found.lines.length < found.total) });
      report();
      tell();
    }, (error) => {
      if (mine !== found) return;
      set(find, { "aria-invalid": "true" });
      position.textContent = "failed";
      said.textContent = error.message || error.title;
    });
    return asking;
  }

  function report() {
    const { total: all, at } = found;
    position.textContent = !q ? "" : !all ? "none" : at < 0 ? count(all) : `${count(at + 1)} of ${count(all)}`;
  }

  async function step(by) {
    if (found.at + by >= found.lines.length) await searchOn();
    const { lines, at } = found;
    if (!lines.length) return;
    found.at = (at + by + lines.length) % lines.length;
    following = false;
    view.reveal(level ? found.at : lines[found.at].n - 1, Math.min(5, view.rows >> 1));
    view.ask();
    report();
  }

  function compile() {
    try {
      return new RegExp(`(${regex ? q.replace(/\((?!\?)/g, "(?:") : q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")})`, "i");
    } catch {
      return null; // the server says what is wrong with it
    }
  }

  function setLevel(value) {
    level = value;
    LEVELS.forEach(([each], i) => set(levels[i], { "aria-pressed": String(each === value) }));
    view.to(0);
    search();
    tell();
  }

  function toggleRegex() {
    regex = !regex;
    search();
    return regex;
  }

  function wrap() {
    wrapped = scroller.classList.toggle("wrapped");
    // How much higher lines get is estimated from those at hand.
    const across = Math.max(20, (scroller.clientWidth - 240) / 7.25);
    const heights = [...chunks.values()].flat().map((line) => Math.ceil(line.text.length / across) || 1);
    view.set({ stretch: wrapped ? heights.reduce((sum, each) => sum + each, 0) / heights.length || 1 : 1 });
    return wrapped;
  }

  // ── copying ──
  async function copyMarked() {
    const texts = [];
    for (let from = marks[0] - 1; from < Math.min(marks[1], marks[0] + MOST_COPIED); from += CHUNK)
      texts.push(...(await fetchLog({ from, limit: Math.min(CHUNK, marks[1] - from) })).lines.map((line) => plain(line.text)));
    await copy(texts.join("\n"));
    copier.replaceChildren(icon("check", 1), "Copied");
  }

  scroller.addEventListener("copy", (event) => {
    const texts = [...getSelection().getRangeAt(0).cloneContents().querySelectorAll(".tx")];
    if (!texts.length) return; // within one line the browser's own copy is right
    event.preventDefault();
    event.clipboardData.setData("text/plain", texts.map((each) => each.textContent).join("\n"));
  });

  scroller.addEventListener("click", (event) => {
    const n = Number(event.target.closest(".n")?.textContent);
    if (!n) return;
    event.preventDefault();
    marks = event.shiftKey && marks[0] ? [Math.min(n, marks[0]), Math.max(n, marks[1])] : [n, n];
    if (!event.shiftKey) props.onLine?.({ json: String(n) });
    view.ask();
    tell();
  });

  // ── keys ──
  scroller.addEventListener("keydown", (event) => {
    const page = view.rows - 1;
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (!by || event.altKey || event.metaKey) return;
    event.preventDefault();
    view.to(view.top + by);
    view.moved();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "f" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    input.select();
  });
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, 250);
  });
  input.addEventListener("keydown", ({ key, shiftKey }) => {
    clearTimeout(typing);
    if (key === "Escape" && !input.value) return scroller.focus();
    if (key === "Escape") input.value = "";
    if (key === "Enter" && q && q === input.value) step(shiftKey ? -1 : 1);
    else if (key === "Enter" || key === "Escape") search();
  });

  // ── following the run ──
  const tail = atMostEvery(500, async () => {
    if (total === null) return load();
    const answer = await fetchLog({ from: total, limit: 1 }).catch(() => null);
    if (!answer || answer.total <= total) return;
    grow(answer.total);
    findError();
  });
  function dress() {
    set(download, { href: props.download, hidden: !props.download });
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind, run_id }) => (kind === "reset" || (run_id === props.run && props.running)) && tail());
  }
  const poll = setInterval(() => props.running && !document.hidden && tail(), POLL_MS);
  dress();
  load();

  return {
    update(next) {
      const before = props;
      props = next;
      dress();
      if (next.src !== before.src || next.attempt !== before.attempt) return load();
      if (next.running !== before.running) {
        following = next.running && view.atEnd;
        tail();
      }
      if (next.line && next.line !== before.line && next.line !== marks[0]) show(next.line);
    },
    unmount() {
      for (const abort of [...pending.values(), searching]) abort?.abort();
      clearInterval(poll);
      clearTimeout(typing);
      tail.cancel();
      unsubscribe?.();
      view.destroy();
      root.remove();
    },
  };
});
