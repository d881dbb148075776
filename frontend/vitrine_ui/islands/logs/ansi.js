// Terminal colours (SGR) as spans. Other escape sequences and what a carriage return overwrote are dropped.
import { h } from "../dom.js";

const ESCAPE = /\x1b\[([\d;]*)m|\x1b\[[\d;?]*[A-Za-z]|\x1b\].*?\x07/;
const parts = (text) => text.replace(/^.*\r(?=.)/s, "").split(ESCAPE);

export const plain = (text) => parts(text).filter((_, i) => i % 2 === 0).join("");

/** Spans of a line; what the one group of `pattern` matches is marked. */
export function spans(text, pattern) {
  let style = {};
  return parts(text).map((part, i) => {
    if (i % 2) style = part === undefined ? style : restyle(style, part);
    if (i % 2 || !part) return "";
    const pieces = pattern ? part.split(pattern).map((piece, k) => (k % 2 ? h("mark", piece) : piece)) : part;
    const span = h("span", { class: `${style.name ?? ""}${style.bold ? " b" : ""}` }, pieces);
    if (style.exact) span.style.color = style.exact;
    return span;
  });
}

function restyle(style, codes) {
  const queue = (codes || "0").split(";").map(Number);
  while (queue.length) {
    const code = queue.shift();
    if (code === 0) style = {};
    else if (code === 1 || code === 22) style = { ...style, bold: code === 1 };
    else if (code === 39) style = { bold: style.bold };
    else if (/^[39][0-7]$/.test(code)) style = { bold: style.bold, name: `a${code % 10}` };
    else if (code === 38 || code === 48) {
      const colour = queue.splice(0, queue[0] === 2 ? 4 : 2).slice(1);
      if (code === 38) style = { bold: style.bold, ...(colour[0] < 16 && !colour[1] ? { name: `a${colour[0] % 8}` } : { exact: rgb(colour) }) };
    }
  }
  return style;
}

// One number is of the 256 colours: a cube of 6 levels, then greys.
function rgb([r, g, b]) {
  if (g !== undefined) return `rgb(${r},${g},${b})`;
  if (r > 231) return `hsl(0,0%,${(r - 232) * 4.3}%)`;
  return `rgb(${[36, 6, 1].map((step) => Math.floor((r - 16) / step) % 6).map((level) => (level ? 55 + 40 * level : 0))})`;
}
