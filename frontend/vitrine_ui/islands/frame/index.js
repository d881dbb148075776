// Foreign HTML in a frame of its own origin: scripts run, nothing of the page is in reach.
import { bind, island } from "../bind.js";
import { failed, fetchOk, h } from "../dom.js";

export { bind };

export const Frame = island((node, first) => {
  let props = first;
  let frame;
  const root = node.appendChild(h("div.frame"));
  const resize = (height) => (root.style.height = `${Math.min(Math.max(height, 80), 4000)}px`);

  async function load() {
    root.dataset.scheme = props.scheme ?? "light";
    resize(Number(props.height) || 480);
    const skeleton = h("i.skel", { "aria-busy": "true" });
    const mine = (frame = h("iframe", { title: props.title, sandbox: "allow-scripts", referrerpolicy: "no-referrer", loading: "lazy", onload: () => skeleton.remove() }));
    root.replaceChildren(skeleton);
    try {
      // A frame never says that it failed, so the answer's head is looked at first.
      const abort = new AbortController();
      await fetchOk(props.src, abort.signal);
      abort.abort();
      if (mine !== frame) return;
      frame.src = props.src;
      root.append(frame);
    } catch (error) {
      if (mine === frame) root.replaceChildren(failed("Could not show this", error, load));
    }
  }

  const listen = ({ source, data }) => {
    if (source === frame?.contentWindow && !Number(props.height) && Number.isFinite(data?.height)) resize(data.height);
  };
  addEventListener("message", listen);
  load();
  return {
    update(next) {
      const before = props;
      props = next;
      if (next.src !== before.src || next.height !== before.height || next.scheme !== before.scheme) load();
    },
    unmount() {
      frame = null;
      removeEventListener("message", listen);
      root.remove();
    },
  };
});
