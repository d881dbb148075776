// A window of equal rows on any number of them. Browsers stop at about 17 million pixels, so beyond CAP the bar's
// position is mapped to rows; wheel and keys still move by rows.
import { h } from "./dom.js";

const CAP = 8_000_000;

/**
 * draw(first, count, place) shows rows [first, first + count). Once they stand, place(height) says how many pixels
 * the first one begins above the top; height(k) is the height of the first k rows, which may wrap.
 * Set: total, rowHeight, header (pixels above the rows), stretch (how much higher rows are on average).
 */
export function windowed(scroller, draw) {
  const pane = h("div.pane");
  const spacer = h("div.spacer", pane);
  const is = { total: 0, rowHeight: 32, header: 0, stretch: 1 };
  let top = 0; // the row at the top, a fraction
  let view = 0;
  let placed, frame;
  scroller.append(spacer);

  const tall = () => is.rowHeight * is.stretch;
  const height = () => Math.min(is.total * tall(), CAP);
  const last = () => Math.max(0, is.total - view / tall());
  const room = () => Math.max(0, height() - view);

  function paint() {
    frame = 0;
    view = Math.max(is.rowHeight, scroller.clientHeight - is.header);
    spacer.style.height = `${Math.max(height(), 1)}px`;
    pane.style.height = `${Math.min(view, height())}px`;
    pane.style.top = `${is.header}px`;
    top = Math.min(top, last());
    const rows = Math.ceil(view / is.rowHeight) + 1;
    const full = Math.max(0, is.total - rows);
    const first = Math.min(Math.floor(top), full);
    const shown = Math.min(rows, is.total);
    // Past `full` the same last rows are shown, sliding until the very end stands at the bottom.
    const slide = (top - full) / (last() - full);
    draw(first, shown, (heights) => (top > full ? Math.max(0, slide * (heights(shown) - view)) : (top - first) * heights(1)));
    const goal = last() ? (top / last()) * room() : 0;
    if (Math.abs(scroller.scrollTop - goal) > 1) scroller.scrollTop = goal;
    placed = scroller.scrollTop;
  }

  scroller.addEventListener("scroll", () => {
    if (Math.abs(scroller.scrollTop - placed) < 1) return;
    placed = scroller.scrollTop;
    top = room() ? (placed / room()) * last() : 0;
    api.moved?.();
    api.ask();
  }, { passive: true });
  scroller.addEventListener("wheel", (event) => {
    if (is.total * tall() <= CAP || event.ctrlKey || event.shiftKey || !event.deltaY) return;
    event.preventDefault();
    api.moved?.();
    api.to(top + (event.deltaY * [1, tall(), view][event.deltaMode]) / tall());
  }, { passive: false });
  const resized = new ResizeObserver(() => {
    api.resized?.();
    api.ask();
  });
  resized.observe(scroller);

  const api = {
    pane,
    spacer,
    ask: () => (frame ||= requestAnimationFrame(paint)),
    get top() { return top; },
    get total() { return is.total; },
    get rows() { return Math.max(1, Math.floor(view / tall())); },
    get atEnd() { return top >= last() - 1; },
    set(changed) {
      Object.assign(is, changed);
      api.ask();
    },
    /** Puts a row at the top. */
    to(row) {
      top = Math.max(0, Math.min(row, last()));
      api.ask();
    },
    /** Scrolls as little as brings a row into sight. */
    reveal(row, margin = 0) {
      if (row < top + margin) api.to(row - margin);
      else if (row + 1 > top + api.rows - margin) api.to(row + 1 + margin - api.rows);
    },
    destroy() {
      cancelAnimationFrame(frame);
      resized.disconnect();
    },
  };
  return api;
}
