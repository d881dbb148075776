// Elements, icons, fetching and the states every island shares. Values from data only ever become text.

/** h("span.small.t3", {title}, …children): on… are listeners, null and false left out, true an empty attribute. */
export const h = (tag, ...parts) => fill(document.createElement(tag.split(".")[0]), tag, parts);
export const svg = (tag, ...parts) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag.split(".")[0]), tag, parts);

function fill(element, tag, parts) {
  const classes = tag.split(".").slice(1);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  if (parts[0]?.constructor === Object) set(element, parts.shift());
  element.append(...parts.flat().filter((part) => part != null && part !== false));
  return element;
}

export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : value);
}

/** A symbol of the page's sprite. */
export const icon = (name, small) => svg(small ? "svg.i.s" : "svg.i", { "aria-hidden": "true" }, svg("use", { href: `#${name}` }));

export const button = (look, content, onclick, attributes) => h(`button${look}`, { type: "button", onclick, ...attributes }, content);

export const iconButton = (content, label, onclick, attributes) =>
  button(".btn.icon.ghost", typeof content === "string" ? icon(content) : content, onclick, { "aria-label": label, title: label, ...attributes });

/** A URL with these query parameters set; null removes one. */
export function withQuery(url, parameters) {
  const full = new URL(url, location.href);
  for (const [name, value] of Object.entries(parameters))
    if (value == null || value === "") full.searchParams.delete(name);
    else full.searchParams.set(name, value);
  return full.href;
}

/** A same-origin answer that went well; else an Error whose `title` and message say what and why. */
export async function fetchOk(url, signal) {
  const answer = await fetch(url, { signal }).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw Object.assign(Error("It may be restarting, or the network is down."), { title: "The server did not answer" });
  });
  if (answer.ok) return answer;
  if (answer.status === 401) {
    const { base = "" } = document.querySelector("[data-boot]")?.dataset ?? {};
    location.assign(`${base}/auth/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    await new Promise(() => {});
  }
  const { title = `The server answered ${answer.status}`, detail = "" } = await answer.json().catch(() => ({}));
  throw Object.assign(Error(detail), { title });
}

export const fetchJson = async (url, signal) => (await fetchOk(url, signal)).json();

/** What failed, why, and a way to try again. */
export const failed = (what, { title, message }, retry) =>
  h("div.empty", { role: "alert" },
    h("span.status.b", { "data-status": "failed" }, icon("failed"), what),
    h("div", h("h2", title ?? "It could not be drawn"), h("p.t2", message)),
    button(".btn", [icon("refresh", 1), "Try again"], retry));

/** What belongs here, and the snippet that fills it. */
export const empty = ({ title, text, code }) => h("div.empty", h("div", h("h2", title), h("p.t2", text)), code && h("pre.code", code));

/** Puts text on the clipboard, also where there is no clipboard API: without TLS. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const focused = document.activeElement;
  const field = document.body.appendChild(h("textarea.sr"));
  field.value = text;
  field.select();
  document.execCommand("copy");
  field.remove();
  focused?.focus();
}

/** Calls back when the page turns light or dark; returns what stops it. */
export function onTheme(callback) {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", callback);
  };
}

/** The tokens' colours as the page shows them now: {ok: "rgb(…)", …}. */
export function colours(names) {
  const probe = document.body.appendChild(h("i", { hidden: true }));
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return found;
}

/** A function that runs at most once per wait_ms, the last call never lost, and not within first_ms from now. */
export function atMostEvery(wait_ms, run, first_ms = 0) {
  let timer;
  let next = performance.now() + first_ms;
  const call = () => {
    timer ??= setTimeout(() => {
      timer = null;
      next = performance.now() + wait_ms;
      run();
    }, next - performance.now());
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
