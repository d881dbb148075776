// Terminal colours (SGR) as spans. Other escape sequences and what a carriage return overwrote are dropped.
import { h } from "../dom.js";

const ESCAPE = /\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07/;

export const plain = (text) => text.split(ESCAPE).filter((_, i) => i % 2 === 0).join("").replace(/^.*\r(?=.)/s, "");

/** Spans of a line; parts that `pattern` matches are marked. */
export function spans(text, pattern) {
  const parts = text.replace(/^.*\r(?=.)/s, "").split(ESCAPE);
  let style = {};
  const found = [];
  parts.forEach((part, i) => {
    if (i % 2) return void (part !== undefined && (style = restyle(style, part)));
    if (!part) return;
    const span = h("span", { class: style.class }, ...marked(part, pattern));
    if (style.rgb) span.style.color = style.rgb;
    found.push(span);
  });
  return found;
}

function restyle(style, codes) {
  const queue = (codes || "0").split(";").map(Number);
  let { fore, bold, rgb } = style;
  while (queue.length) {
    const code = queue.shift();
    if (code === 0) [fore, bold, rgb] = [];
    else if (code === 1) bold = "b";
    else if (code === 22) bold = undefined;
    else if (code === 39) [fore, rgb] = [];
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98)) [fore, rgb] = [`a${code % 10}`];
    else if (code === 38 || code === 48) {
      const [kind, a, g, b] = queue;
      queue.splice(0, kind === 2 ? 4 : 2);
      if (code === 38) [fore, rgb] = kind === 2 ? [, `rgb(${a},${g},${b})`] : a < 16 ? [`a${a % 8}`] : [, indexed(a)];
    }
  }
  return { fore, bold, rgb, class: [fore, bold].filter(Boolean).join(" ") || null };
}

function indexed(n) {
  if (n > 231) return `hsl(0,0%,${Math.round(((n - 232) / 23) * 100)}%)`;
  const level = (digit) => (digit ? 55 + 40 * digit : 0);
  return `rgb(${level(Math.floor((n - 16) / 36))},${level(Math.floor((n - 16) / 6) % 6)},${level((n - 16) % 6)})`;
}

function marked(text, pattern) {
  if (!pattern) return [text];
  return text.split(pattern).map((part, i) => (i % 2 ? h("mark", {}, part) : part)).filter((part) => part !== "");
}
