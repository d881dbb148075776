"""What ReactPy 2.0.0b13 needs to carry a dashboard for days. Importing this applies it; import it before the middleware.

The patches touch private parts, so the version is asserted: an upgrade must look at each of them again.
Rendering is serial as well (`async_rendering=False`, set in app.py): the parallel renderer keeps every finished render
with its whole tree until the socket closes (402 kB a render of a 100 x 10 table), and hands out renders that ended
together in any order, so that an older one may overwrite a newer.
"""

from __future__ import annotations

import asyncio
from typing import Any

import reactpy
from reactpy.core._life_cycle_hook import LifeCycleHook
from reactpy.core.layout import Layout

TESTED_VERSION = "2.0.0b13"
if reactpy.__version__ != TESTED_VERSION:
    raise RuntimeError(
        f"ReactPy is {reactpy.__version__}; these patches were tested with {TESTED_VERSION} alone."
    )

HANDLER_GRACE_S = 0.03  # b13 itself waits as long for a handler that a render is about to put back

# What stands where a component could not be rendered. It has no handlers, so it cannot fail in turn.
FAILED: dict[str, Any] = {
    "tagName": "div",
    "attributes": {"class": "empty", "role": "alert", "data-status": "failed"},
    "children": [
        {
            "tagName": "span",
            "attributes": {"class": "status"},
            "children": [
                {
                    "tagName": "svg",
                    "attributes": {"class": "i", "aria-hidden": "true"},
                    "children": [{"tagName": "use", "attributes": {"href": "#failed"}}],
                },
                {"tagName": "b", "children": ["This part could not be shown"]},
            ],
        },
        {
            "tagName": "div",
            "children": [
                {"tagName": "h2", "children": ["The dashboard made a mistake here"]},
                {
                    "tagName": "p",
                    "attributes": {"class": "t2"},
                    "children": ["Nothing was lost or changed by it. The server's log says what happened."],
                },
            ],
        },
        {
            "tagName": "a",
            "attributes": {"class": "btn primary", "href": ""},
            "children": ["Load the page again"],
        },
    ],
}


def patch_effects() -> None:
    """A render without effects leaves nothing behind; b13 appends an Event to the hook at each render."""
    original = LifeCycleHook.affect_layout_did_render

    async def affect_layout_did_render(self: Any) -> None:
        if self._effect_funcs:
            await original(self)

    LifeCycleHook.affect_layout_did_render = affect_layout_did_render


def patch_unknown_targets() -> None:
    """Events for handlers that do not exist are dropped; b13 makes a queue and a task for each invented target."""
    original = Layout.deliver

    async def deliver(self: Any, event: dict[str, Any]) -> None:
        target = event.get("target")
        if not isinstance(target, str) or not isinstance(event.get("data"), list):
            return
        if target not in self._event_handlers:
            await asyncio.sleep(HANDLER_GRACE_S)
            if target not in self._event_handlers:
                return
        await original(self, event)

    Layout.deliver = deliver


def patch_failed_renders() -> None:
    """A component that raises says so in its place; b13 logs the traceback and renders nothing."""
    original = Layout._render_component

    async def _render_component(self: Any, *arguments: Any) -> Any:
        state = await original(self, *arguments)
        if "error" in state.model.current:
            state.model.current = {"tagName": "", "children": [FAILED]}
        return state

    Layout._render_component = _render_component


patch_effects()
patch_unknown_targets()
patch_failed_renders()
