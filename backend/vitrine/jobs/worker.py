"""A process for what may be slow, large or hostile: parsers of users' files, patterns that users wrote.

The parent calls `Worker.run` with a function of this package and plain arguments; the child finds the function by its
name. The child starts at the first call, knows no secret, may not grow without bound, is killed when a task takes too
long, and ends by itself when it has been idle for a while or its parent is gone.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import IO, Any

import msgspec

from vitrine import errors
from vitrine.errors import NotShowable, Unavailable, VitrineError

MEMORY_LIMIT_BYTES = 4 * 1024**3  # of addresses: pyarrow reserves far more than it uses
IDLE_LIMIT_S = 300.0
QUEUE_LIMIT = 32
ENVIRONMENT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
LENGTH_BYTES = 8


class Answer(msgspec.Struct, array_like=True):
    """What a task gave, or the name of the error class that it raised, its sentence and its facts."""

    content: bytes = b""
    error: str = ""
    detail: str = ""
    facts: dict[str, Any] = {}


class Worker:
    """One child, one task at a time, in the order of the calls."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._queue = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-worker")
        self._waiting = 0
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    async def run(self, task: Callable[..., bytes], *arguments: Any, limit_s: float) -> bytes:
        """What the task gives.

        Raises: the VitrineErrors of the task; NotShowable when it takes too long or breaks its process; Unavailable
        when too many tasks wait.
        """
        if self._waiting >= QUEUE_LIMIT:
            raise Unavailable(f"{QUEUE_LIMIT} {self._name} are being prepared already: try again.")
        call = msgspec.msgpack.encode((task.__module__, task.__qualname__, arguments))
        self._waiting += 1
        try:
            ran = asyncio.get_running_loop().run_in_executor(self._queue, self._ask, call, limit_s)
            answer = msgspec.msgpack.decode(await ran, type=Answer)
        finally:
            self._waiting -= 1
        if answer.error:
            raise revive(answer)
        return answer.content

    def stop(self) -> None:
        """No child is left."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            _reap(process)

    def _ask(self, call: bytes, limit_s: float) -> bytes:
        """Blocking; only the queue's one thread comes here."""
        for _ in range(2):
            process = (
                self._process if self._process is not None and self._process.poll() is None else self._start()
            )
            assert process.stdin is not None
            assert process.stdout is not None
            with killed_after(limit_s, process) as is_late, suppress(BrokenPipeError):
                write_message(process.stdin, call)
                if answer := read_message(process.stdout):
                    return answer
            self._process = None
            if _reap(process) != 0 or is_late():  # 0: it had been idle for too long just then
                break
        said = (
            f"It took more than {limit_s:g} s."
            if is_late()
            else "It cannot be read within the limits set for it."
        )
        raise NotShowable(f"This cannot be shown here. {said} Download it instead.")

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vitrine.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # an interrupt of the terminal is the parent's to handle
        )
        return self._process


def revive(answer: Answer) -> VitrineError:
    """The error that the child raised."""
    kind: type[VitrineError] = getattr(errors, answer.error)
    error = kind.__new__(kind)
    VitrineError.__init__(error, answer.detail, **answer.facts)
    return error


@contextmanager
def killed_after(limit_s: float, process: subprocess.Popen[bytes]) -> Iterator[Callable[[], bool]]:
    """The process is killed if the block takes longer; what it is given then says so."""
    late = threading.Event()

    def kill() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limit_s, kill)
    timer.daemon = True
    timer.start()
    try:
        yield late.is_set
    finally:
        timer.cancel()


def _reap(process: subprocess.Popen[bytes]) -> int:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    return process.wait()


# ── both ends of the pipe ─────────────────────────────────────────────────────────────────────────
def write_message(pipe: IO[bytes], message: bytes) -> None:
    pipe.write(len(message).to_bytes(LENGTH_BYTES))
    pipe.write(message)
    pipe.flush()


def read_message(pipe: IO[bytes]) -> bytes:
    """The next message; empty at the end."""
    length = int.from_bytes(pipe.read(LENGTH_BYTES))
    message = pipe.read(length)
    return message if len(message) == length else b""


# ── the child ─────────────────────────────────────────────────────────────────────────────────────
def perform(call: bytes) -> Answer:
    module, name, arguments = msgspec.msgpack.decode(call, type=tuple[str, str, list[Any]])
    try:
        return Answer(content=getattr(import_module(module), name)(*arguments))
    except VitrineError as error:
        return Answer(error=type(error).__name__, detail=error.detail, facts=dict(error.facts))
    except MemoryError:
        return Answer(
            error="NotShowable", detail="This needs more memory than a preview may use. Download it instead."
        )


def limit_resources() -> None:
    with suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def serve(incoming: IO[bytes], outgoing: IO[bytes]) -> None:
    """Answers until the parent closes its end or asks nothing for a while."""
    while True:
        idle = threading.Timer(IDLE_LIMIT_S, os._exit, (0,))
        idle.daemon = True
        idle.start()
        call = read_message(incoming)
        idle.cancel()
        if not call:
            return
        write_message(outgoing, msgspec.msgpack.encode(perform(call)))


TABLES = Worker("tables")
TEXTS = Worker("texts")

if __name__ == "__main__":
    limit_resources()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not end up among the answers
    serve(sys.stdin.buffer, answers)
