"""uvicorn as this program uses it: bound before anything slow starts, live streams ended before it waits for the rest."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from vitrine.errors import VitrineError

WEBSOCKET_LIMIT_BYTES = 65_536
DRAIN_LIMIT_S = 20


class Server(uvicorn.Server):
    """`on_ready` is awaited once the server takes connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what was made until now stays: no use in looking through it again
        gc.enable()
        if self.started and self._on_ready:
            await self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app: Any = self.config.loaded_app
        while not hasattr(app, "end_streams") and hasattr(app, "app"):
            app = app.app  # uvicorn's own wrappers
        app.end_streams()
        await super().shutdown(sockets)


def configure(app: Any, *, workers: int = 1, factory: bool = False) -> uvicorn.Config:
    """How it serves. Addresses of clients are read from headers only if FORWARDED_ALLOW_IPS names the proxies."""
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        log_config=None,
        access_log=False,  # it would write sign-in codes
        server_header=False,
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
        ws_max_size=WEBSOCKET_LIMIT_BYTES,
        timeout_graceful_shutdown=DRAIN_LIMIT_S,
        backlog=2048,
        lifespan="on",
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the address. Raises: VitrineError when another program has it, or it is none."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise VitrineError(
            f"Cannot listen on {host}, port {port}: {(error.strerror or str(error)).lower()}. Choose another with --port or --host."
        ) from error
    bound.set_inheritable(True)
    return bound


def log_to_stderr() -> None:
    """Warnings and worse, one line each."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def load_without_collecting() -> None:
    """Until the server has started nothing is looked through for garbage: a fifth of the time that loading takes."""
    gc.disable()


def end_cleanly_on_sigterm() -> None:
    """SIGTERM ends as Ctrl-C does, also before and after the time that uvicorn listens to it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
