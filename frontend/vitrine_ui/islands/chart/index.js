// Plotly in the page's colours, loaded when the first chart appears; and a sparkline without it.
import { bind, island } from "../bind.js";
import { colours, failed, fetchJson, h, onTheme, svg } from "../dom.js";
import { absolute, bytes, decimalsFor, number } from "../format.js";

export { bind };

let plotly;
const loadPlotly = (src) =>
  (plotly ??= new Promise((resolve, reject) => {
    const missing = () => {
      plotly = null;
      reject(Object.assign(new Error("plotly.min.js did not load."), { title: "The chart library is missing" }));
    };
    document.head.append(h("script", { src, onload: () => resolve(window.Plotly), onerror: missing }));
  }));

const PLAIN = new Set(["#E5ECF6", "white", undefined]); // backgrounds of the templates that nobody chose

/** The figure's layout, its template replaced by the page's colours unless its author chose one. */
function dressed(layout = {}, height) {
  const series = Array.from({ length: 12 }, (_, i) => `c${i + 1}`);
  const colour = colours(["text", "text-2", "line", "line-2", "surface", "raised", ...series]);
  const axis = { gridcolor: colour.line, linecolor: colour["line-2"], zerolinecolor: colour["line-2"], tickcolor: colour["line-2"], automargin: true };
  const scene = Object.fromEntries(["xaxis", "yaxis", "zaxis"].map((name) => [name, { ...axis, backgroundcolor: colour.surface }]));
  const ours = {
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour["text-2"] },
      title: { font: { size: 14, color: colour.text }, x: 0, xref: "paper" },
      colorway: series.map((name) => colour[name]),
      xaxis: axis,
      yaxis: axis,
      scene,
      legend: { bgcolor: "rgba(0,0,0,0)" },
      hoverlabel: { bgcolor: colour.raised, bordercolor: colour["line-2"], font: { color: colour.text } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour["line-2"], activecolor: colour.text },
    },
  };
  const chosen = layout.template?.layout && !PLAIN.has(layout.template.layout.plot_bgcolor);
  return { margin: { l: 48, r: 16, t: layout.title ? 40 : 16, b: 40 }, ...layout, template: chosen ? layout.template : ours, autosize: true, width: undefined, height };
}

export const Chart = island((node, first) => {
  let props = first;
  let [figure, drawn] = [null, 0];
  const root = node.appendChild(h("div", { class: "chart" }));
  let plot;
  const height = () => props.height ?? 320;

  async function load() {
    const mine = ++drawn;
    root.style.minHeight = `${height()}px`;
    root.replaceChildren(h("i", { class: "skel fillbox", "aria-busy": "true" }));
    try {
      const [, answer] = await Promise.all([loadPlotly(props.plotly), props.figure ? JSON.parse(props.figure) : fetchJson(props.src)]);
      if (mine !== drawn) return;
      figure = answer;
      plot = h("div", { class: "plot" });
      root.replaceChildren(plot);
      await draw();
    } catch (error) {
      if (mine === drawn) root.replaceChildren(failed("Could not draw the chart", error, load));
    }
  }

  async function draw() {
    if (!figure) return;
    await window.Plotly.react(plot, figure.data, dressed(figure.layout, height()), { displaylogo: false, responsive: true });
    const drawing = plot.querySelector(".main-svg");
    drawing?.setAttribute("role", "img");
    drawing?.setAttribute("aria-label", props.label ?? "Chart");
    plot.querySelectorAll(".main-svg ~ .main-svg").forEach((layer) => layer.setAttribute("aria-hidden", "true"));
  }

  const stopTheme = onTheme(() => draw());
  load();
  return {
    update(next) {
      const before = props;
      props = next;
      if (next.figure !== before.figure || next.src !== before.src) load();
      else if (next.height !== before.height) draw();
    },
    unmount() {
      drawn++;
      stopTheme();
      if (plot) window.Plotly?.purge(plot);
      root.remove();
    },
  };
});

const [WIDE, HIGH] = [188, 36];

/** An area line; pointing at it tells the value there. */
export const Spark = island((node, first) => {
  let props = first;
  const root = node.appendChild(h("figure", { class: "spark", onpointermove: point, onpointerleave: () => told() }));
  const said = h("span", { class: "end" });
  const write = (value) => (value == null ? "—" : props.unit === "bytes" ? bytes(value) : `${number(value, Math.min(1, decimalsFor([value])))} ${props.unit ?? ""}`);

  function told(i) {
    const peak = Math.max(...props.values.filter((value) => value != null));
    const whole = props.max && props.unit === "bytes" ? ` of ${bytes(props.max)}` : "";
    said.textContent = i !== undefined ? write(props.values[i]) : Number.isFinite(peak) ? `peak ${write(peak)}${whole}` : "not logged";
    said.title = i !== undefined && props.times ? absolute(props.times[i]) : "";
  }

  function point(event) {
    const area = root.lastChild.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - area.left) / area.width));
    told(Math.round(share * (props.values.length - 1)));
  }

  function draw() {
    const { values, times, max } = props;
    const numbers = values.filter((value) => value != null);
    const top = Math.max(max ?? 0, ...numbers) || 1;
    const [begin, end] = times?.length > 1 ? [Date.parse(times[0]), Date.parse(times.at(-1))] : [0, values.length - 1];
    const at = (i) => ((times?.length > 1 ? Date.parse(times[i]) : i) - begin) / (end - begin || 1) * WIDE;
    // A gap splits the line.
    const runs = [[]];
    values.forEach((value, i) => (value == null ? runs.push([]) : runs.at(-1).push([at(i), HIGH - 1 - (value / top) * (HIGH - 3)])));
    const shapes = runs.filter((run) => run.length).flatMap((run) => {
      const line = run.map((xy) => xy.map((v) => v.toFixed(1)).join()).join(" ");
      return [svg("polygon", { points: `${run[0][0]},${HIGH} ${line} ${run.at(-1)[0]},${HIGH}` }), svg("polyline", { points: line, "vector-effect": "non-scaling-stroke" })];
    });
    told();
    root.style.setProperty("--c", `var(--c${props.color ?? 1})`);
    root.replaceChildren(
      h("figcaption", { class: "row small" }, h("span", { class: "t3" }, props.label), said),
      svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${props.label}: ${said.textContent}` }, ...shapes));
  }

  draw();
  return {
    update(next) {
      props = next;
      draw();
    },
    unmount: () => root.remove(),
  };
});
