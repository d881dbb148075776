// A window of equal rows on any number of them. Browsers stop at about 17 million pixels, so beyond CAP the bar's
// position is mapped to rows; wheel and keys still move by rows.
import { h } from "./dom.js";

const CAP = 8_000_000;

/**
 * draw(first, count, place) shows rows [first, first + count). Once they stand, place(height) says how many pixels
 * the first one begins above the top; height(k) is the height of the first k rows, which may wrap.
 * `stretch` is how much higher than rowHeight rows are on average.
 */
export function windowed(scroller, { rowHeight, header = 0, draw }) {
  const pane = h("div", { class: "pane" });
  const spacer = h("div", { class: "spacer" }, pane);
  scroller.append(spacer);
  let total = 0;
  let stretch = 1;
  let top = 0; // the row at the top, a fraction
  let view = 0;
  let frame = 0;
  let placed = -1;

  const height = () => Math.min(total * rowHeight * stretch, CAP);
  const last = () => Math.max(0, total - view / rowHeight / stretch);
  const room = () => Math.max(0, height() - view);
  const ask = () => (frame ||= requestAnimationFrame(paint));

  function paint() {
    frame = 0;
    view = Math.max(rowHeight, scroller.clientHeight - header);
    spacer.style.height = `${Math.max(height(), 1)}px`;
    pane.style.height = `${Math.min(view, height())}px`;
    pane.style.top = `${header}px`;
    top = Math.min(top, last());
    const rows = Math.ceil(view / rowHeight) + 1;
    const full = Math.max(0, total - rows);
    const first = Math.min(Math.floor(top), full);
    // Past `full` the same last rows are shown, sliding until the very end stands at the bottom.
    const shown = Math.min(rows, total);
    const slide = last() > full ? (top - full) / (last() - full) : 0;
    draw(first, shown, (tall) => (top > full ? Math.max(0, slide * (tall(shown) - view)) : (top - first) * tall(1)));
    const goal = last() ? (top / last()) * room() : 0;
    if (Math.abs(scroller.scrollTop - goal) > 1) scroller.scrollTop = goal;
    placed = scroller.scrollTop;
  }

  const onScroll = () => {
    if (Math.abs(scroller.scrollTop - placed) < 1) return;
    placed = scroller.scrollTop;
    top = room() ? (placed / room()) * last() : 0;
    api.moved?.();
    ask();
  };
  const onWheel = (event) => {
    if (total * rowHeight * stretch <= CAP || event.ctrlKey || !event.deltaY || event.shiftKey) return;
    event.preventDefault();
    api.moved?.();
    api.to(top + (event.deltaY * [1, rowHeight, view][event.deltaMode]) / rowHeight / stretch);
  };
  scroller.addEventListener("scroll", onScroll, { passive: true });
  scroller.addEventListener("wheel", onWheel, { passive: false });
  const resized = new ResizeObserver(() => (api.resized?.(), ask()));
  resized.observe(scroller);

  const api = {
    pane,
    spacer,
    ask,
    get top() { return top; },
    get total() { return total; },
    get rows() { return Math.max(1, Math.floor(view / rowHeight / stretch)); },
    get atEnd() { return top >= last() - 1; },
    /** Puts a row at the top. */
    to(row) {
      top = Math.max(0, Math.min(row, last()));
      ask();
    },
    /** Scrolls as little as brings a row into sight. */
    reveal(row, margin = 0) {
      if (row < top + margin) api.to(row - margin);
      else if (row + 1 > top + api.rows - margin) api.to(row + 1 + margin - api.rows);
    },
    /** Whatever changed of it. */
    set(changed) {
      ({ total, rowHeight, header, stretch } = { total, rowHeight, header, stretch, ...changed });
      ask();
    },
    destroy() {
      cancelAnimationFrame(frame);
      resized.disconnect();
    },
  };
  return api;
}
