// The log of one step, any length: a window of lines, search and levels asked of the server.
import { bind, island } from "../bind.js";
import { atMostEvery, empty, failed, fetchJson, h, icon, iconButton, withQuery } from "../dom.js";
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

export const Logs = island((node, first) => {
  let props = first;
  let chunks = new Map();
  let pending = new Map();
  let total = null;
  let found = { lines: [], total: 0, at: -1 };
  let [q, regex, level, pattern, wrap, following, marks, unread, errorLine] = ["", false, null, null, false, first.running, [], 0, null];
  let unsubscribe, searching;

  // ── elements ──
  const input = h("input", { type: "search", "aria-label": "Search log", placeholder: "Search log", spellcheck: "false" });
  const position = h("span", { class: "small t3 nw", role: "status" });
  const toggle = (name, label, act) => iconButton(name, label, (event) => event.currentTarget.setAttribute("aria-pressed", String(act())), "ghost");
  const levels = [[null, "All"], ["warning", "Warnings"], ["error", "Errors"]].map(([value, label]) =>
    h("button", { type: "button", "aria-pressed": String(value === null), onclick: () => setLevel(value) }, label));
  const firstError = h("button", { type: "button", class: "btn danger", hidden: true, onclick: () => errorLine && show(errorLine) }, icon("desc", true), "First error");
  const download = h("a", { class: "btn icon ghost", "aria-label": "Download log", title: "Download log", download: true }, icon("download"));
  const find = h("div", { class: "input find" }, icon("search", true), input, position);
  const bar = h("div", { class: "filters" }, find, iconButton("up", "Previous hit", () => step(-1), "ghost"), iconButton("down", "Next hit", () => step(1), "ghost"),
    h("button", { type: "button", class: "btn icon ghost mono", "aria-label": "Regular expression", title: "Regular expression", "aria-pressed": "false", onclick: toggleRegex }, ".*"),
    h("div", { class: "seg", role: "group", "aria-label": "Level" }, ...levels), firstError,
    h("span", { class: "row end" }, toggle("wrap", "Wrap lines", toggleWrap), download));
  const scroller = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Log", tabindex: 0 });
  const said = h("span", { role: "status" });
  const more = h("button", { type: "button", class: "btn", hidden: true, onclick: follow }, icon("follow", true));
  const copier = h("button", { type: "button", class: "btn", hidden: true, onclick: copyMarked }, icon("copy", true));
  const stage = h("div", { class: "lstage" }, scroller);
  const root = node.appendChild(h("section", { class: "logs", "aria-label": "Log" }, bar, stage, h("div", { class: "foot" }, said, h("span", { class: "row end" }, copier, more))));

  const view = windowed(scroller, { rowHeight: ROW, draw });
  view.moved = () => setTimeout(() => {
    following = props.running && view.atEnd;
    if (view.atEnd) unread = 0;
    tell();
  });

  // ── lines ──
  const url = (parameters) => withQuery(props.src, { attempt: props.attempt, ...parameters });

  function lineAt(i) {
    if (level) return found.lines[i] ?? (i >= found.lines.length - 1 && void searchOn());
    const k = Math.floor(i / CHUNK);
    const chunk = chunks.get(k);
    if (!chunk || (chunk.length < CHUNK && k * CHUNK + chunk.length < total)) fetchChunk(k);
    return chunk?.[i % CHUNK];
  }

  async function fetchChunk(k) {
    if (pending.has(k)) return;
    const abort = new AbortController();
    pending.set(k, abort);
    try {
      keep(k, await fetchJson(url({ from: k * CHUNK, limit: CHUNK }), abort.signal));
      view.ask();
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
    } finally {
      pending.delete(k);
    }
  }

  function keep(k, answer) {
    chunks.delete(k);
    chunks.set(k, answer.lines);
    if (chunks.size > KEPT_CHUNKS) chunks.delete(chunks.keys().next().value);
    grow(answer.total);
  }

  function grow(now) {
    if (now > total && total !== null && !following) unread += now - total;
    total = now;
    if (!level) view.set({ total });
    if (following && !level) view.to(Infinity);
    tell();
  }

  async function load() {
    for (const abort of pending.values()) abort.abort();
    [chunks, pending, total, errorLine, unread] = [new Map(), new Map(), null, null, 0];
    stage.replaceChildren(h("div", { class: "log", "aria-busy": "true" }, ...Array.from({ length: 14 }, (_, i) => h("i", { class: `skel w${i % 5}` }))));
    try {
      const answer = await fetchJson(url({ from: 0, limit: CHUNK }));
      stage.replaceChildren(scroller);
      keep(0, answer);
      if (!total && !props.running) return void stage.replaceChildren(empty({ title: "This step wrote no log", text: "Whatever a step prints or logs is kept here." }));
      if (props.line) show(props.line);
      findError();
    } catch (error) {
      fail(error);
    }
  }

  const fail = (error) => stage.replaceChildren(failed("Could not load the log", error, load));

  async function findError() {
    if (errorLine || !total) return;
    const { hits, total: errors } = await fetchJson(url({ level: "error", after: 0, limit: 1 })).catch(() => ({ hits: [] }));
    errorLine = hits[0]?.n;
    firstError.hidden = !errorLine;
    firstError.title = errorLine ? `Line ${count(errorLine)}, ${count(errors)} in all` : "";
  }

  // ── drawing ──
  let drawn = -1;
  function draw(begin, shown, place) {
    const rows = view.pane.children;
    while (rows.length < shown) view.pane.append(row());
    while (rows.length > shown) view.pane.lastChild.remove();
    // Rows that stay in sight keep their elements, and with them a selection.
    const shift = begin - drawn;
    if (drawn >= 0 && Math.abs(shift) < shown)
      for (let i = 0; i < Math.abs(shift); i++) shift > 0 ? view.pane.append(rows[0]) : view.pane.prepend(view.pane.lastChild);
    drawn = begin;
    for (let i = 0; i < shown; i++) fill(rows[i], lineAt(begin + i), begin + i);
    const [low, high] = [Math.floor(begin / CHUNK), Math.floor((begin + shown) / CHUNK)];
    for (const [k, abort] of pending) if (k < low - 1 || k > high + 1) abort.abort();
    const offset = place((k) => (wrap ? rows[k - 1].offsetTop + rows[k - 1].offsetHeight - rows[0].offsetTop : k * ROW));
    for (const each of rows) each.style.translate = `0 ${-offset}px`;
  }

  const row = () => h("div", { class: "lrow" }, h("a", { class: "n", href: "#" }), h("span", { class: "ts" }), h("span", { class: "lv" }), h("span", { class: "tx" }));

  function fill(element, line, i) {
    const marked = line && line.n >= marks[0] && line.n <= marks[1];
    const now = found.lines[found.at]?.n === line?.n;
    const key = line ? `${line.n} ${marked} ${now} ${pattern} ${regex}` : `- ${i}`;
    if (element.key === key) return;
    element.key = key;
    const [n, at, word, text] = element.children;
    const kind = (line?.level ?? "").toLowerCase();
    element.className = `lrow ${{ error: "error", critical: "error", warning: "warn" }[kind] ?? ""}${marked ? " marked" : ""}${now && line ? " now" : ""}`;
    n.textContent = line ? line.n : level ? "" : i + 1;
    at.textContent = line ? clock(line.at) : "";
    word.textContent = kind && kind !== "info" ? kind : line?.stream === "stderr" ? "stderr" : "";
    text.replaceChildren(...(line ? spans(line.text, pattern) : ["…"]));
  }

  function tell() {
    const shown = level ? `${count(found.total)} of ${count(total ?? 0)} lines` : `${count(total ?? 0)} line${total === 1 ? "" : "s"}`;
    said.textContent = `${shown} · times in ${zone()}`;
    more.hidden = !props.running || following;
    more.lastChild.textContent !== undefined && more.replaceChildren(icon("follow", true), unread ? `${count(unread)} new line${unread === 1 ? "" : "s"}` : "Follow");
    copier.hidden = !(marks[1] > marks[0]);
    if (!copier.hidden) copier.replaceChildren(icon("copy", true), `Copy ${count(marks[1] - marks[0] + 1)} lines`);
  }

  function follow() {
    [following, unread] = [true, 0];
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
    found = { lines: [], total: 0, at: -1 };
    pattern = q && compile();
    position.textContent = "";
    find.removeAttribute("aria-invalid");
    if (level) view.set({ total: 0 });
    view.ask();
    if (!q && !level) return;
    if (!(await searchOn())) return;
    if (q && !level) {
      const at = found.lines.findIndex((line) => line.n > view.top);
      step(Math.max(0, at) + 1);
    }
  }

  let running = null;
  function searchOn() {
    if (running || (found.total && found.lines.length >= found.total)) return running;
    const { signal } = searching;
    const ask = { q, regex: q && regex ? "true" : null, level, after: found.lines.at(-1)?.n ?? 0 };
    running = fetchJson(url(ask), signal)
      .then(({ hits, total: all }) => {
        found.lines.push(...hits);
        found.total = hits.length ? all : found.lines.length;
        if (level) view.set({ total: found.lines.length + (found.lines.length < found.total ? 1 : 0) });
        report();
        tell();
        return true;
      })
      .catch((error) => {
        if (error.name === "AbortError") return;
        find.setAttribute("aria-invalid", "true");
        position.textContent = error.message || error.title;
      })
      .finally(() => (running = null));
    return running;
  }

  const report = () => (position.textContent = !q ? "" : !found.total ? "none" : found.at < 0 ? count(found.total) : `${count(found.at + 1)} of ${count(found.total)}`);

  async function step(by) {
    let at = found.at + by;
    if (at >= found.lines.length && found.lines.length < found.total) await searchOn();
    if (!found.lines.length) return;
    found.at = (at + found.lines.length) % found.lines.length;
    following = false;
    view.reveal(level ? found.at : found.lines[found.at].n - 1, Math.min(5, view.rows >> 1));
    report();
    view.ask();
  }

  function compile() {
    try {
      return new RegExp(`(${regex ? q.replace(/\((?!\?)/g, "(?:") : q.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")})`, "gi");
    } catch {
      return null; // the server says what is wrong with it
    }
  }

  function setLevel(value) {
    level = value;
    levels.forEach((button, i) => button.setAttribute("aria-pressed", String([null, "warning", "error"][i] === value)));
    drawn = -1;
    if (!level) view.set({ total: total ?? 0 });
    view.to(0);
    search();
    tell();
  }

  function toggleRegex(event) {
    regex = !regex;
    event.currentTarget.setAttribute("aria-pressed", String(regex));
    if (q) search();
  }

  function toggleWrap() {
    wrap = !wrap;
    scroller.classList.toggle("wrapped", wrap);
    // How much higher lines get is estimated from those at hand.
    const across = Math.max(20, Math.floor((scroller.clientWidth - 240) / 7.25));
    const lengths = [...chunks.values()].flat().map((line) => Math.ceil(line.text.length / across) || 1);
    view.set({ stretch: wrap && lengths.length ? lengths.reduce((sum, each) => sum + each, 0) / lengths.length : 1 });
    return wrap;
  }

  // ── copying ──
  async function copyMarked() {
    const [from, to] = [marks[0], Math.min(marks[1], marks[0] + MOST_COPIED)];
    const texts = [];
    for (let n = from; n <= to; n += CHUNK) {
      const { lines } = await fetchJson(url({ from: n - 1, limit: Math.min(CHUNK, to - n + 1) }));
      texts.push(...lines.map((line) => plain(line.text)));
    }
    await navigator.clipboard.writeText(texts.join("\n"));
    copier.replaceChildren(icon("check", true), "Copied");
  }

  scroller.addEventListener("copy", (event) => {
    const part = getSelection().getRangeAt(0).cloneContents().querySelectorAll(".tx");
    if (!part.length) return; // within one line the browser's own copy is right
    event.preventDefault();
    event.clipboardData.setData("text/plain", [...part].map((each) => each.textContent).join("\n"));
  });

  scroller.addEventListener("click", (event) => {
    const number = event.target.closest(".n");
    if (!number) return;
    event.preventDefault();
    const n = Number(number.textContent);
    marks = event.shiftKey && marks.length ? [Math.min(n, marks[0]), Math.max(n, marks[1])] : [n, n];
    if (marks[0] === marks[1]) props.onLine?.({ json: JSON.stringify(n) });
    view.ask();
    tell();
  });

  // ── keys ──
  const keys = { ArrowDown: () => 1, ArrowUp: () => -1, PageDown: () => view.rows - 1, PageUp: () => 1 - view.rows, Home: () => -Infinity, End: () => Infinity };
  scroller.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || (event.ctrlKey && !["Home", "End"].includes(event.key))) return;
    const by = keys[event.key]?.();
    if (!by) return;
    event.preventDefault();
    view.to(Math.max(0, view.top + by));
    view.moved();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "f" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    input.select();
  });
  let typing;
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => ([q] = [input.value], search()), 250);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value) [input.value, q] = ["", ""], search();
    else if (event.key === "Escape") scroller.focus();
    if (event.key !== "Enter") return;
    clearTimeout(typing);
    if (q === input.value) return step(event.shiftKey ? -1 : 1);
    q = input.value;
    search();
  });

  // ── following the run ──
  const tail = atMostEvery(500, async () => {
    if (total === null) return load();
    const answer = await fetchJson(url({ from: total, limit: 1 })).catch(() => null);
    if (!answer || answer.total === total) return;
    grow(answer.total);
    view.ask();
    findError();
  });
  const listen = () => {
    unsubscribe?.();
    unsubscribe = props.live && subscribe(props.live, ({ kind, run_id }) => {
      if (kind === "reset" || (run_id === props.run && props.running)) tail();
    });
  };
  const poll = setInterval(() => props.running && !document.hidden && tail(), POLL_MS);
  const dress = () => set(download, props.download);
  const set = (anchor, href) => (href ? (anchor.href = href) : (anchor.hidden = true));
  dress();
  listen();
  load();

  return {
    update(next) {
      const before = props;
      props = next;
      dress();
      if (next.live !== before.live) listen();
      if (next.src !== before.src || next.attempt !== before.attempt) return load();
      if (before.running && !next.running) tail();
      if (next.running && !before.running) following = view.atEnd;
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
