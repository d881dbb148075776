// What one value looks like in a cell, and its full text for hovering and copying.
import { h, icon } from "../dom.js";
import { STATUS, absolute, ago, bytes, count, duration, number, template, valueAt } from "../format.js";

const RIGHT = new Set(["number", "instant", "duration", "size"]);
const YEARS = /(^|_)(id|year)s?$/i;

export const alignsRight = (column) => (column.align ? column.align === "right" : RIGHT.has(column.kind));

const nameOf = (value) => (typeof value === "object" ? (value?.name ?? value?.title ?? JSON.stringify(value)) : String(value));

/** The value as it is read. */
export function textOf(column, value) {
  if (value == null) return column.missing ?? "—";
  switch (column.kind) {
    case "number":
      return YEARS.test(column.title) ? String(value) : number(value, column.decimals);
    case "duration":
      return duration(value);
    case "size":
      return bytes(value);
    case "instant":
      return column.exact ? String(value).replace("T", " ").replace(/(\.\d+)?(Z|\+00:00)$/, "") : ago(value);
    case "status":
      return STATUS[value]?.[1] ?? String(value);
    case "tags":
      return value.map(nameOf).join(" ");
    case "json":
      return JSON.stringify(value);
    default:
      return nameOf(value);
  }
}

/** All of the value. */
export function fullText(column, value) {
  if (value == null) return column.missing ?? "";
  if (column.kind === "instant") return column.exact ? String(value) : absolute(value);
  if (column.kind === "number" || column.kind === "duration") return String(value) + (column.kind === "duration" ? " s" : "");
  if (column.kind === "size") return `${count(value)} bytes`;
  return typeof value === "object" && column.kind !== "tags" ? (value.name ?? JSON.stringify(value, null, 1)) : textOf(column, value);
}

/** Fills a cell; `href` makes its text a link. */
export function paint(cell, column, row, href) {
  const value = column.read ? column.read(row) : valueAt(row, column.key);
  const text = textOf(column, value);
  cell.classList.toggle("none", value == null);
  href ??= column.href && value != null ? template(column.href, row) : null;
  let content = [text];
  if (value != null && column.kind === "status") {
    const [status] = STATUS[value] ?? ["queued"];
    content = [h("span", { class: "status", "data-status": status }, icon(status), text)];
  } else if (column.kind === "tags" && value != null) {
    content = value.slice(0, 3).map((tag) => h("span", { class: "tag" }, nameOf(tag)));
    if (value.length > 3) content.push(h("span", { class: "t3 small" }, `+${value.length - 3}`));
  } else if (column.kind === "user" && value != null) {
    content = [h("span", { class: "avatar", role: "img", "aria-label": text }, initials(text))];
  }
  if (href) content = [h("a", { href, "data-nav": true, class: "plain", tabindex: -1 }, ...content)];
  if (column.suffix && value != null) content.push(h("span", { class: "t3" }, ` ${template(column.suffix, row, String)}`));
  cell.replaceChildren(...content);
}

const initials = (name) => name.split(/[\s._@-]+/).slice(0, 2).map((word) => word[0] ?? "").join("").toUpperCase();
