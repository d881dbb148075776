"""The program `vitrine`. Exit codes: 0 done, 1 failed, 2 wrong use; a user's mistake is one sentence, never a traceback."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import vitrine
from vitrine.errors import VitrineError
from vitrine.settings import DEFAULT_DATA_DIR, DEFAULT_HOST, DEFAULT_PORT

DONE, FAILED = 0, 1
DESCRIPTION = """Vitrine: a self-hosted dashboard for machine-learning pipelines.

`vitrine up` starts everything on this machine and prints a link that signs you in."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Gives the exit code."""
    given = make_parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = getattr(
            import_module(f"vitrine.commands.{given.module}"), given.function
        )
        return run(given)
    except VitrineError as error:
        print(f"vitrine: {error.detail}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("vitrine"):
            raise
        print(f"vitrine: {error.name} is not installed: pip install 'vitrine[server]'.", file=sys.stderr)
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # else the interpreter complains while it leaves
    except OSError as error:
        print(
            f"vitrine: {error.strerror or error}{f': {error.filename}' if error.filename else ''}",
            file=sys.stderr,
        )
    except KeyboardInterrupt:
        print(file=sys.stderr)
    return FAILED


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vitrine", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"vitrine {vitrine.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_servers(commands)
    _add_access(commands)
    _add_lists(commands)
    return parser


def _command(commands: Any, name: str, target: str, text: str) -> argparse.ArgumentParser:
    """A command that calls `module:function` of vitrine.commands."""
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    module, _, function = target.partition(":")
    made.set_defaults(module=module, function=function)
    return made


def _add_servers(commands: Any) -> None:
    up = _command(
        commands,
        "up",
        "up:run_up",
        "everything on this machine: database, API, dashboard; prints a sign-in link",
    )
    _add_address(up)
    _add_data_dir(up)
    up.add_argument(
        "--example", action="store_true", help="record the example pipelines if there are no runs yet"
    )
    up.add_argument("--open", action="store_true", help="open the link in the browser")
    serve = _command(
        commands, "serve", "serve:run_serve", "API and dashboard on the database that DATABASE_URL names"
    )
    _add_address(serve)
    serve.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes (default: 1)")
    _command(
        commands, "migrate", "serve:run_migrate", "bring the database that DATABASE_URL names to this version"
    )
    _command(
        commands, "example", "example:run_example", "run the example pipelines and record them on the server"
    )


def _add_access(commands: Any) -> None:
    link = _command(commands, "open", "link:run_open", "print a fresh link that signs you in, once")
    _add_data_dir(link)
    link.add_argument("--browser", action="store_true", help="open it in the browser, too")
    token = commands.add_parser("token", help="API tokens", description="API tokens")
    create = _command(
        token.add_subparsers(metavar="COMMAND", required=True),
        "create",
        "token:run_create",
        "a new API token, alone on stdout; it is never shown again",
    )
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument(
        "--role", choices=("admin", "viewer"), default="admin", help="what it may do (default: admin)"
    )
    create.add_argument(
        "--project", metavar="P", help="the one project that it is for (default: all of yours)"
    )
    create.add_argument(
        "--expires", type=_duration, metavar="30d", help="how long it lasts: 12h, 30d, 8w (default: for ever)"
    )


def _add_lists(commands: Any) -> None:
    for name in ("run", "pipeline", "artifact"):
        kind = commands.add_parser(name, help=f"{name}s", description=f"{name}s of a project")
        kind_commands = kind.add_subparsers(metavar="COMMAND", required=True)
        listing = _command(
            kind_commands, "list", f"lists:list_{name}s", f"the newest {name}s of a project, as a table"
        )
        listing.add_argument("--json", action="store_true", help="JSON, for programs")
        listing.add_argument(
            "--limit", type=_positive, default=20, metavar="N", help="how many (default: 20, at most 200)"
        )
        listing.add_argument(
            "--project", metavar="P", help="the project (default: VITRINE_PROJECT, else `default`)"
        )
        if name == "run":
            listing.add_argument(
                "--filter", metavar="F", help="such as \"status = 'failed' and metadata.accuracy > 0.9\""
            )


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--host", default=DEFAULT_HOST, help=f"the address to listen on (default: {DEFAULT_HOST})"
    )
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help=f"0 for any free one (default: {DEFAULT_PORT})"
    )


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("VITRINE_DATA_DIR") or DEFAULT_DATA_DIR
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=Path(default),
        metavar="DIR",
        help=f"where everything is kept (default: {default})",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 to 65535 are")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _duration(text: str) -> int:
    """Seconds of `12h`, `30d`, `8w`."""
    unit_s = {"h": 3600, "d": 86_400, "w": 604_800}.get(text[-1:])
    if unit_s is None or not text[:-1].isdecimal() or int(text[:-1]) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration: 12h, 30d, 8w are")
    return int(text[:-1]) * unit_s


if __name__ == "__main__":
    sys.exit(main())
