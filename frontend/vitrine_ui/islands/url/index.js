// The address bar: the page commands it, and hears of back, forward and clicks on links.
import { bind, island } from "../bind.js";

export { bind };

const obeyed = new Set(); // command ids, so that a remount repeats nothing

export const UrlBridge = island((node, first) => {
  let props = first;
  let path = location.pathname;
  let watch;

  function obey() {
    const { title, url, command_id, replace } = props;
    if (title) document.title = title;
    if (!url || obeyed.has(command_id)) return;
    obeyed.add(command_id);
    if (url === location.pathname + location.search) return;
    history[replace ? "replaceState" : "pushState"]({}, "", url);
    settle();
  }

  // A new page is announced by moving the focus to its heading, once that has changed.
  function settle() {
    if (location.pathname === path) return;
    path = location.pathname;
    watch?.disconnect();
    const before = document.querySelector("h1")?.textContent;
    const mine = (watch = new MutationObserver(() => {
      const heading = document.querySelector("h1");
      if (!heading || heading.textContent === before) return;
      mine.disconnect();
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }));
    watch.observe(document.body, { childList: true, subtree: true, characterData: true });
    setTimeout(() => mine.disconnect(), 5000);
    document.querySelector("main")?.scrollTo(0, 0);
  }

  function tell() {
    settle();
    props.onLocation?.({ path: location.pathname, query_string: location.search });
  }

  function click(event) {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest?.("a[data-nav]");
    if (!link || link.origin !== location.origin || link.target) return;
    event.preventDefault();
    if (link.href !== location.href) history.pushState({}, "", link.href);
    tell();
  }

  addEventListener("popstate", tell);
  document.addEventListener("click", click);
  obey();
  return {
    update(next) {
      props = next;
      obey();
    },
    unmount() {
      removeEventListener("popstate", tell);
      document.removeEventListener("click", click);
      watch?.disconnect();
    },
  };
});
