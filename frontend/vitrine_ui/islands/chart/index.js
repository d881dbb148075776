// Plotly in the page's colours, loaded when the first chart appears; and a sparkline without it.
import { bind, island } from "../bind.js";
import { colours, failed, fetchJson, h, onTheme, set, svg } from "../dom.js";
import { absolute, bytes, number } from "../format.js";

export { bind };

const MAP_STYLES = "9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53";
const PLAIN = ["#E5ECF6", "white", undefined]; // backgrounds of the templates that nobody chose
const SERIES = Array.from({ length: 12 }, (_, i) => `c${i + 1}`);
const [WIDE, HIGH] = [188, 36];
let plotly;

function loadPlotly(src) {
  // Where it finds this id, Plotly doesn't try to add the styles of maps, which the policy would refuse.
  if (!plotly) document.head.append(h("meta", { id: MAP_STYLES }));
  plotly ??= new Promise((resolve, reject) => {
    const onerror = () => {
      plotly = null;
      reject(Object.assign(Error("It could not be read from this server."), { title: "The chart library is missing" }));
    };
    document.head.append(h("script", { src, onload: () => resolve(window.Plotly), onerror }));
  });
  return plotly;
}

/** The layout with the page's colours as its template, unless the author chose one. */
function dressed(layout = {}, height) {
  const colour = colours(["text", "text-2", "line", "line-2", "raised", ...SERIES]);
  const axis = { gridcolor: colour.line, linecolor: colour["line-2"], zerolinecolor: colour["line-2"], automargin: true };
  const clear = "rgba(0,0,0,0)";
  const ours = {
    paper_bgcolor: clear,
    plot_bgcolor: clear,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour["text-2"] },
    title: { font: { size: 14, color: colour.text }, x: 0, xref: "paper" },
    colorway: SERIES.map((name) => colour[name]),
    xaxis: axis,
    yaxis: axis,
    hoverlabel: { bgcolor: colour.raised, bordercolor: colour["line-2"], font: { color: colour.text } },
    modebar: { bgcolor: clear, color: colour["line-2"], activecolor: colour.text },
  };
  const template = PLAIN.includes(layout.template?.layout?.plot_bgcolor) ? { layout: ours } : layout.template;
  return { margin: { l: 48, r: 16, t: layout.title ? 40 : 16, b: 40 }, ...layout, template, height, autosize: true, width: undefined };
}

export const Chart = island((node, first) => {
  let props = first;
  let turn = 0;
  let figure, plot;
  const root = node.appendChild(h("div.chart"));

  async function load() {
    const mine = ++turn;
    const { height = 320, plotly: library, figure: given, src } = props;
    root.style.minHeight = `${height}px`;
    root.replaceChildren(h("i.skel.fillbox", { "aria-busy": "true" }));
    try {
      const answers = await Promise.all([given ? JSON.parse(given) : fetchJson(src), loadPlotly(library)]);
      if (mine !== turn) return;
      [figure] = answers;
      root.replaceChildren((plot = h("div.plot")));
      await draw();
    } catch (error) {
      if (mine === turn) root.replaceChildren(failed("Could not draw the chart", error, load));
    }
  }

  async function draw() {
    if (!plot) return;
    await window.Plotly.react(plot, figure.data, dressed(figure.layout, props.height ?? 320), { displaylogo: false, responsive: true });
    plot.querySelectorAll(".main-svg").forEach((layer, i) => set(layer, i ? { "aria-hidden": "true" } : { role: "img", "aria-label": props.label ?? "Chart" }));
  }

  const stopTheme = onTheme(draw);
  load();
  return {
    update(next) {
      const before = props;
      props = next;
      if (["figure", "src", "height", "label"].some((name) => next[name] !== before[name])) load();
    },
    unmount() {
      turn++;
      stopTheme();
      if (plot) window.Plotly.purge(plot);
      root.remove();
    },
  };
});

/** An area line; pointing at it tells the value there. */
export const Spark = island((node, props) => {
  const said = h("span.end");
  const root = node.appendChild(h("figure.spark", { onpointermove: point, onpointerleave: () => tell() }));
  const write = (value) => (value == null ? "—" : props.unit === "bytes" ? bytes(value) : `${number(Number(value.toFixed(1)))} ${props.unit ?? ""}`);

  function tell(i) {
    const { values, max, times } = props;
    const whole = max && props.unit === "bytes" ? ` of ${bytes(max)}` : "";
    said.textContent = i === undefined ? `peak ${write(Math.max(...values))}${whole}` : write(values[i]);
    said.title = times && i !== undefined ? absolute(times[i]) : "";
  }

  function point({ clientX }) {
    const { left, width } = root.lastChild.getBoundingClientRect();
    tell(Math.round(Math.max(0, Math.min(1, (clientX - left) / width)) * (props.values.length - 1)));
  }

  function draw() {
    const { values, times, max = 0, label, color = 1 } = props;
    const top = Math.max(max, ...values) || 1;
    const places = times ? times.map(Date.parse) : [...values.keys()];
    const at = (i) => ((places[i] - places[0]) / (places.at(-1) - places[0] || 1)) * WIDE;
    const runs = [[]]; // a gap splits the line
    values.forEach((value, i) => (value == null ? runs.push([]) : runs.at(-1).push([at(i).toFixed(1), (HIGH - 1 - (value / top) * (HIGH - 3)).toFixed(1)])));
    tell();
    root.style.setProperty("--c", `var(--c${color})`);
    root.replaceChildren(h("figcaption.row.small", h("span.t3", label), said),
      svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": `${label}: ${said.textContent}` },
        runs.filter((run) => run[0]).map((run) => [
          svg("polygon", { points: `${run[0][0]},${HIGH} ${run.join(" ")} ${run.at(-1)[0]},${HIGH}` }),
          svg("polyline", { points: run.join(" "), "vector-effect": "non-scaling-stroke" }),
        ]).flat()));
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
