// What one value looks like in a cell, all of it for hovering and copying, and how wide columns are.
import { h, icon } from "../dom.js";
import { STATUS, absolute, ago, bytes, duration, number, template, valueAt } from "../format.js";

const NAMES = /(^|_)(id|year)s?$/i; // whole numbers that are names: no thousands
const RIGHT = ["number", "instant", "duration", "size", "counter"];
const FIXED = { status: 130, user: 52 };
const GIVES = ["tags", "json", "text", "link"]; // may be cut to make room, in this order

const nameOf = (value) => (typeof value === "object" ? (value.name ?? JSON.stringify(value)) : String(value));
const TEXT = {
  number: (value, { title, decimals }) => (NAMES.test(title) ? String(value) : number(value, decimals)),
  duration,
  size: bytes,
  instant: (value, { exact, days }) => (exact ? value.replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, "").slice(0, days ? 10 : 99) : ago(value)),
  status: (value) => STATUS[value]?.[1] ?? value,
  tags: (value) => value.slice(0, 3).map(nameOf).join("    "),
  json: JSON.stringify,
};

export const valueOf = ({ read, key }, row) => (read ? read(row) : valueAt(row, key));
export const alignsRight = ({ align, kind }) => (align ? align === "right" : RIGHT.includes(kind));

const textOf = (column, value) => (value == null ? (column.missing ?? "—") : (TEXT[column.kind] ?? nameOf)(value, column));

/** All of the value. */
export function fullText({ kind, exact }, value) {
  if (value == null) return "";
  return kind === "instant" && !exact ? absolute(value) : kind === "tags" ? value.map(nameOf).join(" ") : nameOf(value);
}

/** Fills a cell; `href` makes its text a link. */
export function paint(cell, column, row, href) {
  const { kind, suffix } = column;
  const value = valueOf(column, row);
  const text = textOf(column, value);
  cell.classList.toggle("none", value == null);
  cell.replaceChildren(text);
  if (value == null) return;
  const [look = "queued"] = STATUS[value] ?? [];
  if (kind === "status") cell.replaceChildren(h("span.status", { "data-status": look }, icon(look), text));
  if (kind === "user") cell.replaceChildren(h("span.avatar", { role: "img", "aria-label": text }, text.split(/[\s._@-]+/, 2).map((word) => word[0]).join("").toUpperCase()));
  if (kind === "tags") cell.replaceChildren(...value.slice(0, 3).map((tag) => h("span.tag", nameOf(tag))), value[3] ? h("span.t3.small", `+${value.length - 3}`) : "");
  href ??= column.href && template(column.href, row);
  if (href) cell.replaceChildren(h("a.plain", { href, "data-nav": true, tabindex: -1 }, ...cell.childNodes));
  if (suffix) cell.append(h("span.t3", ` ${template(suffix, row, String)}`));
}

const pen = document.createElement("canvas").getContext("2d");

/** Sets `pixels` of each column; returns where each begins and the last one ends. */
export function measure(columns, rows, room, family, most) {
  const widest = (texts, font) => {
    pen.font = `${font} ${family}`;
    return 24 + Math.max(0, ...texts.map((text) => pen.measureText(text).width * 1.04)); // tabular figures are wider
  };
  for (const column of columns) {
    const { kind, suffix, sample, title, note = "", sortable, width = FIXED[kind] } = column;
    const texts = (sample ?? rows).slice(0, 60).map((row) => textOf(column, sample ? row : valueOf(column, row)) + (suffix ? ` ${template(suffix, row, String)}` : ""));
    if (kind === "instant" && texts[0]) texts.push("59 min ago"); // it will be
    const edge = column === columns.at(-1) ? 10 : 0; // a wider margin
    const fit = edge + Math.max(widest([title, note], "600 12px") + (sortable ? 16 : 0), texts[0] ? widest(texts, "500 13px") : 110);
    if (texts[0]) column.seen = Math.max(column.seen ?? 0, Math.min(most, fit)); // never narrower than it was
    column.pixels = width ?? column.seen ?? fit;
  }
  const sum = (some) => some.reduce((all, { pixels }) => all + pixels, 0);
  const open = columns.filter(({ width }) => !width);
  const name = open.find(({ kind }) => kind === "text" || kind === "link");
  for (const kind of most > 300 ? GIVES : [])
    for (const column of open) {
      const least = column === name ? 220 : 110;
      if (column.kind === kind) column.pixels -= Math.max(0, Math.min(sum(columns) - room, column.pixels - least));
    }
  const grow = Math.max(1, Math.min(1 + (room - sum(columns)) / sum(open), most < 320 ? 1.5 : 9));
  const lefts = [0];
  for (const column of columns) {
    if (!column.width) column.pixels = Math.floor(column.pixels * grow);
    lefts.push(lefts.at(-1) + column.pixels);
  }
  return lefts;
}
