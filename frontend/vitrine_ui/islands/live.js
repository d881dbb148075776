// One EventSource per URL for the whole page. html[data-live] says live, reconnecting or stale.
const STALE_MS = 40_000; // the server pings every 15 s
const feeds = new Map();

/** Calls back with each {id, kind, run_id}, and with {kind: "reset"} when some may have been missed. */
export function subscribe(url, callback) {
  if (!feeds.has(url)) feeds.set(url, open({ url, listeners: new Set(), retry_ms: 1000 }));
  const feed = feeds.get(url);
  clearTimeout(feed.closing);
  feed.listeners.add(callback);
  return () => {
    feed.listeners.delete(callback);
    // The next page usually subscribes to the same URL at once.
    if (!feed.listeners.size) feed.closing = setTimeout(close, 2000, feed);
  };
}

function open(feed) {
  const url = new URL(feed.url, location.href);
  if (feed.last) url.searchParams.set("after", feed.last);
  const source = (feed.source = new EventSource(url));
  const hear = () => {
    feed.heard = performance.now();
    show(feed, "live");
  };
  const reset = () => {
    hear();
    tell(feed, { kind: "reset" });
  };
  const change = ({ data, lastEventId }) => {
    hear();
    feed.last = lastEventId || feed.last;
    tell(feed, JSON.parse(data));
  };
  feed.heard = performance.now();
  if (!feed.state) show(feed, "reconnecting");
  source.onopen = () => {
    feed.retry_ms = 1000;
    if (feed.opened) reset();
    else hear();
    feed.opened = true;
  };
  source.onmessage = change;
  source.addEventListener("change", change);
  source.addEventListener("ping", hear);
  source.addEventListener("reset", reset);
  source.onerror = () => {
    if (feed.state === "live") show(feed, "reconnecting");
    // The browser retries by itself, except after an answer that is not a stream.
    if (source.readyState === 2) reopen(feed, (feed.retry_ms = Math.min(feed.retry_ms * 2, 10_000)));
  };
  feed.watch ??= setInterval(() => {
    if (performance.now() - feed.heard < STALE_MS) return;
    show(feed, "stale");
    reopen(feed, 0); // a connection cut silently never errs
  }, 5000);
  return feed;
}

function reopen(feed, wait_ms) {
  feed.source.close();
  clearTimeout(feed.reopening);
  feed.reopening = setTimeout(open, wait_ms, feed);
}

function close(feed) {
  feed.source.close();
  clearInterval(feed.watch);
  clearTimeout(feed.reopening);
  feeds.delete(feed.url);
}

const tell = (feed, event) => [...feed.listeners].forEach((listener) => listener(event));

function show(feed, state) {
  feed.state = state;
  const { dataset, style } = document.documentElement;
  dataset.live = state;
  if (state === "live") style.setProperty("--heard", `"${new Date().toTimeString().slice(0, 5)}"`);
}
