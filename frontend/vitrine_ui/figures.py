"""Numbers, durations, sizes and times as people read them: the Python side of islands/format.js."""

from __future__ import annotations

import math
from datetime import UTC, datetime

MINUS = "\N{MINUS SIGN}"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
SMALLEST_PLAIN = 1e-4
GREATEST_PLAIN = 1e15


def number(value: float | int | str, *, digits: int = 4) -> str:
    """`1,284`, `0.8731`, `3.2e−05`: four significant digits at most behind the point; words such as NaN stay."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value).replace("-Inf", f"{MINUS}Inf")
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else f"{MINUS}Infinity"
    size = abs(value)
    sign = MINUS if value < 0 else ""
    if isinstance(value, int) and size < GREATEST_PLAIN:
        return f"{sign}{size:,}"
    if size and not SMALLEST_PLAIN <= size < GREATEST_PLAIN:
        head, _, power = f"{size:.{digits - 1}e}".partition("e")
        head = head.rstrip("0").rstrip(".") if "." in head else head
        return f"{sign}{head}e{power.lstrip('+').replace('-', MINUS)}"
    decimals = max(0, digits - 1 - (math.floor(math.log10(size)) if size else 0))
    text = f"{size:,.{decimals}f}"
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text)


def duration(s: float | None) -> str:
    """`40 ms`, `3.1 s`, `1 m 12 s`, `2 h 06 m`, `3 d 04 h`; — where there is none."""
    if s is None:
        return "—"
    if s < 0.0995:
        return "0 s" if s < 0.0005 else f"{math.ceil(s * 1000)} ms"
    if s < 59.95:
        return f"{s:.1f}".removesuffix(".0") + " s"
    whole = round(s)
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600:02d} h"


def size(size_bytes: int | None) -> str:
    """`118 MiB`, `3.1 KiB`; — where there is none."""
    if size_bytes is None:
        return "—"
    value, unit = float(size_bytes), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.1f}".removesuffix(".0") if unit and value < 99.95 else f"{value:,.0f}"
    return f"{text} {UNITS[unit]}"


def ago(instant: datetime, now: datetime | None = None) -> str:
    """`now`, `12 min ago`, `3 h ago`, `2 d ago`, `8 Jul`, `8 Jul 2024`, `in 27 d`. The browser keeps it going (static/boot.js)."""
    today = now or datetime.now(UTC)
    s = (today - instant).total_seconds()
    if s < -60:
        unit_s, word = next(
            (unit_s, word) for unit_s, word in ((86_400, "d"), (3600, "h"), (60, "min")) if -s >= unit_s
        )
        return f"in {round(-s / unit_s)} {word}"
    for limit, unit_s, word in (
        (10, 0, ""),
        (60, 1, "s"),
        (3600, 60, "min"),
        (86_400, 3600, "h"),
        (604_800, 86_400, "d"),
    ):
        if s < limit:
            return f"{int(s // unit_s)} {word} ago" if unit_s else "now"
    return f"{instant.day} {instant:%b}" + ("" if instant.year == today.year else f" {instant.year}")


def absolute(instant: datetime) -> str:
    """`2026-07-14 09:12:44 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def percent(share: float) -> str:
    """`61 %`, `4.2 %`."""
    return f"{share * 100:.0f} %" if share >= 0.0995 or share == 0 else f"{share * 100:.1f} %"
