"""What a component may lean on beyond its arguments. The only file with effects, all with dependencies that never change.

A `Session` is one open tab: it lives as long as its websocket. It holds the door to the API, where the tab is, and what
has been loaded; components watch the parts that they show, so a change re-renders these alone.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar, overload

from msgspec import Struct
from reactpy import component, create_context, use_async_effect, use_context, use_effect, use_memo, use_state
from reactpy.core.events import EventHandler, to_event_handler_function

from vitrine.errors import VitrineError
from vitrine_ui.address import Url, read_url
from vitrine_ui.api import Api

T = TypeVar("T")
V = TypeVar("V")
Vdom = Any
logger = logging.getLogger(__name__)

RETRY_S = 4.0
REFRESH_GAP_S = 0.4  # a burst of changes costs one load at once and one after it


# ── what was loaded ───────────────────────────────────────────────────────────────────────────────
class Loading(Struct, frozen=True):
    pass


class Failed(Struct, frozen=True):
    """`again` loads once more."""

    error: VitrineError
    again: Callable[[], None]


class Ready(Struct, Generic[T], frozen=True):
    value: T


Loaded = Loading | Failed | Ready[T]
LOADING = Loading()


class Watch(Struct, frozen=True):
    """Which changes make what was loaded old: their kinds, of one run or of any."""

    kinds: frozenset[str]
    run_id: str | None = None
    gap_s: float = REFRESH_GAP_S

    def concerns(self, change: dict[str, Any]) -> bool:
        kind = change.get("kind")
        if kind == "reset":
            return True
        return kind in self.kinds and self.run_id in (None, change.get("run_id"))


def on(*kinds: str, run_id: object = None, gap_s: float = REFRESH_GAP_S) -> Watch:
    return Watch(frozenset(kinds), None if run_id is None else str(run_id), gap_s)


class Resource(Generic[T]):
    """An answer of the API that several components of a tab may show: loaded once, kept fresh, let go by the last."""

    def __init__(self, api: Api, path: str, type_: type[T], watch: Watch | None) -> None:
        self.state: Loaded[T] = LOADING
        self.watch = watch
        self._load: Callable[[], Awaitable[T]] = lambda: api.load(path, type_)
        self._watchers: list[Callable[[Loaded[T]], None]] = []
        self._is_old = asyncio.Event()
        self._task = asyncio.ensure_future(self._keep_fresh())

    def age(self) -> None:
        """It is loaded again soon."""
        self._is_old.set()

    def load_again(self) -> None:
        self._tell(LOADING)
        self.age()

    def add(self, watcher: Callable[[Loaded[T]], None]) -> None:
        self._watchers.append(watcher)

    def remove(self, watcher: Callable[[Loaded[T]], None]) -> bool:
        """Whether nobody is left; then it is over."""
        self._watchers.remove(watcher)
        if not self._watchers:
            self._task.cancel()
        return not self._watchers

    async def _keep_fresh(self) -> None:
        while True:
            self._is_old.clear()
            state = await self._ask()
            # A server that is busy or restarting is asked again, and what was shown stays.
            will_pass = isinstance(state, Failed) and state.error.status >= 500
            if not (will_pass and isinstance(self.state, Ready)):
                self._tell(state)
            await asyncio.sleep(self.watch.gap_s if self.watch else 0)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S if will_pass else None):
                    await self._is_old.wait()

    async def _ask(self) -> Loaded[T]:
        try:
            return Ready(await self._load())
        except VitrineError as error:
            return Failed(error, self.load_again)
        except Exception as error:
            logger.exception("What a page asked for could not be loaded")
            return Failed(VitrineError(f"The dashboard could not read the answer: {error}"), self.load_again)

    def _tell(self, state: Loaded[T]) -> None:
        if state != self.state:
            self.state = state
            for watcher in tuple(self._watchers):
                try:
                    watcher(state)
                except Exception:  # one part's mistake must not keep the others from what is new
                    logger.exception("A part of the page could not take what was loaded")


# ── a tab ─────────────────────────────────────────────────────────────────────────────────────────
class Place(Struct, frozen=True):
    """What the page calls itself: the window's title, and the path to it as (name, address) pairs, its own name last."""

    title: str = ""
    crumbs: tuple[tuple[str, str], ...] = ()


class Command(Struct, frozen=True):
    """Where the browser is to go. Ids start with the session's nonce: the island outlives sessions, counters do not."""

    id: str = ""
    href: str = ""
    replaces: bool = False


class Session:
    """One open tab."""

    def __init__(self, api: Api, url: Url) -> None:
        self.id = secrets.token_hex(4)
        self.api = api
        self.url = Value(url)
        self.place = Value(Place())
        self.command = Value(Command())
        self._commands = 0
        self._resources: dict[tuple[str, Any], Resource[Any]] = {}

    def navigate(self, url: Url, *, replaces: bool = False) -> None:
        """The tab is at `url`; `replaces` leaves no step to go back to."""
        if url == self.url.now:
            return
        self._commands += 1
        self.command.set(Command(f"{self.id}-{self._commands}", url.href, replaces))
        self.url.set(url)

    def arrive(self, event: dict[str, Any]) -> None:
        """The browser says where it is now: after back, forward, or a click on a link."""
        self.url.set(read_url(str(event.get("path", "/")), str(event.get("query_string", ""))))

    def open(self, path: str, type_: Any, watch: Watch | None) -> Resource[Any]:
        found = self._resources.get((path, type_))
        if found is None:
            found = self._resources[path, type_] = Resource(self.api, path, type_, watch)
        return found

    def peek(self, path: str, type_: Any) -> Any:
        found = self._resources.get((path, type_))
        return LOADING if found is None else found.state

    def close(self, path: str, type_: Any, watcher: Callable[[Any], None]) -> None:
        if self._resources[path, type_].remove(watcher):
            del self._resources[path, type_]

    def hear(self, change: dict[str, Any]) -> None:
        """Whatever the change makes old is loaded again."""
        for resource in self._resources.values():
            if resource.watch is not None and resource.watch.concerns(change):
                resource.age()


class Value(Generic[T]):
    """Something of the tab that changes, and who wants to know."""

    def __init__(self, now: T) -> None:
        self.now = now
        self._watchers: list[Callable[[T], None]] = []

    def set(self, value: T) -> None:
        if value != self.now:
            self.now = value
            for watcher in tuple(self._watchers):
                watcher(value)

    def watch(self, watcher: Callable[[T], None], *, is_first: bool = False) -> Callable[[], None]:
        """Calls at each change, and once now. Gives what ends it."""
        self._watchers.insert(0 if is_first else len(self._watchers), watcher)
        watcher(self.now)

        def end() -> None:
            with suppress(ValueError):
                self._watchers.remove(watcher)

        return end


SessionContext: Any = create_context(None)


def use_session() -> Session:
    session: Session = use_context(SessionContext)
    return session


def use_once(make: Callable[[], T]) -> T:
    """The same value in every render of a component."""
    value: T = use_memo(make, [])
    return value


def use_value(value: Value[T], select: Callable[[T], V], *, is_first: bool = False) -> V:
    """What `select` takes of a value of the tab; another render only when that differs.

    `is_first`: hear before the others, for whom it may mean the end.
    """
    shown, show = use_state(lambda: select(value.now))
    change = use_once(lambda: only_differences(shown, select, show))
    use_effect(lambda: value.watch(change, is_first=is_first), [])
    selected: V = shown
    return selected


def only_differences(first: V, select: Callable[[T], V], show: Callable[[Any], None]) -> Callable[[T], None]:
    """A watcher that shows what is selected, when it is not what was shown last (ReactPy compares structs by identity)."""
    last = first

    def change(now: T) -> None:
        nonlocal last
        selected = select(now)
        if selected != last:
            last = selected
            show(lambda _: selected)

    return change


def use_url(select: Callable[[Url], V], *, is_first: bool = False) -> V:
    """A part of where the tab is: `use_url(lambda url: url.get("tab"))`. `select` is that of the first render."""
    return use_value(use_session().url, select, is_first=is_first)


def use_place(title: str, *crumbs: tuple[str, str]) -> None:
    """The window's title and the breadcrumb are these while the component is shown."""
    use_session().place.set(Place(title, crumbs))


@overload
def use_load(path: str, type_: type[T], watch: Watch | None = None) -> Loaded[T]: ...
@overload
def use_load(path: str, type_: type[T], watch: Watch | None, select: Callable[[T], V]) -> Loaded[V]: ...
def use_load(
    path: str, type_: Any, watch: Watch | None = None, select: Callable[[Any], Any] | None = None
) -> Any:
    """What the API answers at `path`, kept fresh as `watch` says. Key the component by the path: it must not change.

    With `select`, the component renders again only when what it takes differs.
    """
    session = use_session()

    def pick(state: Loaded[Any]) -> Loaded[Any]:
        return Ready(select(state.value)) if select and isinstance(state, Ready) else state

    shown, show = use_state(lambda: pick(session.peek(path, type_)))
    change = use_once(lambda: only_differences(shown, pick, show))

    def subscribe() -> Callable[[], None]:
        resource = session.open(path, type_, watch)
        resource.add(change)
        change(resource.state)
        return lambda: session.close(path, type_, change)

    use_effect(subscribe, [])
    return shown


@component
def _Loader(
    path: str,
    type_: Any,
    watch: Watch | None,
    view: Callable[[Any], Vdom],
    waiting: Callable[[], Vdom],
    failing: Callable[[Failed], Vdom],
    select: Callable[[Any], Any],
) -> Vdom:
    state = use_load(path, type_, watch, select)
    if isinstance(state, Loading):
        return waiting()
    return failing(state) if isinstance(state, Failed) else view(state.value)


def loaded(
    path: str,
    type_: Any,
    view: Callable[[Any], Vdom],
    *,
    waiting: Callable[[], Vdom],
    failing: Callable[[Failed], Vdom],
    watch: Watch | None = None,
    select: Callable[[Any], Any] = lambda value: value,
    part: str = "",
) -> Vdom:
    """`view` of what the API answers at `path`; until then `waiting`, else `failing`. Keyed by the path, as it must be.

    `part` tells apart two of one path beside each other.
    """
    return _Loader(path, type_, watch, view, waiting, failing, select, key=f"{part} {path}")


@component
def Live(path: str) -> Vdom:
    """While shown, the tab hears what changes in a project: `path` is its live stream. Key it by the path."""
    session = use_session()

    async def listen() -> None:
        async for change in session.api.live(path):
            session.hear(change)

    use_async_effect(listen, [])
    return None


def use_handler(name: str, handle: Callable[..., Any]) -> EventHandler:
    """A handler that only this session has: what was clicked while offline is dropped, not done in the next session."""
    return EventHandler(to_event_handler_function(handle), target=f"{use_session().id}-{name}")
