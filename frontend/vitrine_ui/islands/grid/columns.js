// How wide columns are, and which of them are in sight.
import { template, valueAt } from "../format.js";
import { textOf } from "./cells.js";

const EXTRA = { status: 22, tags: 28 }; // icons and paddings
const UNKNOWN = { status: 120, number: 90, tags: 150, instant: 110, duration: 96, user: 52, size: 90, text: 160 }; // before there is data
const GIVES = ["text", "link", "tags", "json"]; // may be cut to make room
const pen = document.createElement("canvas").getContext("2d");

/** Sets `pixels` of each column, and returns where each begins and the last one ends. */
export function measure(columns, items, room, family, most) {
  const widest = (texts, font) => {
    pen.font = `${font} ${family}`;
    return Math.max(0, ...texts.map((text) => pen.measureText(text).width * 1.04)); // tabular figures are wider
  };
  for (const column of columns) {
    const { kind, key, suffix } = column;
    const shown = column.sample?.slice(0, 60).map((value) => textOf(column, value)) ??
      items.slice(0, 60).map((row) => {
        const value = valueAt(row, key);
        return textOf(column, kind === "tags" ? value?.slice(0, 3) : value) + (suffix ? ` ${template(suffix, row, String)}` : "");
      });
    const title = widest([column.title, column.note ?? ""], "600 12px") + (column.sortable ? 40 : 24);
    const body = shown.length ? widest(shown, "500 13px") + 24 + (EXTRA[kind] ?? 0) : (UNKNOWN[kind] ?? 160);
    column.natural = column.width ?? (kind === "user" ? 52 : Math.max(column.natural ?? 0, Math.min(most, Math.max(title, body))));
  }
  const sum = (some) => some.reduce((all, column) => all + column.natural, 0);
  const spare = room - sum(columns);
  const takers = columns.filter((column) => !column.width && (spare > 0 || GIVES.includes(column.kind)));
  const scale = Math.max(0.6, Math.min(1 + spare / sum(takers), most < 320 ? 1.5 : Infinity));
  const lefts = [0];
  for (const column of columns) {
    column.pixels = Math.floor(takers.includes(column) ? Math.max(column.natural * scale, Math.min(column.natural, 110)) : column.natural);
    lefts.push(lefts.at(-1) + column.pixels);
  }
  return lefts;
}

/** The columns [from, to) that show between two pixels; few are always all shown. */
export function inSight(lefts, pinned, left, right) {
  const many = lefts.length - 1;
  if (many < 16) return [pinned, many];
  let from = pinned;
  while (from < many - 1 && lefts[from + 1] <= left + lefts[pinned]) from++;
  let to = from + 1;
  while (to < many && lefts[to] < right) to++;
  return [from, to];
}
