"""Lines that a regular expression matches. Runs in the worker process.

The expressions are RE2's, which pyarrow brings along: time grows with the text and never with the cleverness of the
pattern, so no pattern can hang the server. RE2 has no look-around and no back-references.
"""

from __future__ import annotations

import msgspec

from vitrine.errors import Invalid
from vitrine.runs.log_codec import unpack_body


def match_lines(pattern: str, bodies: list[bytes]) -> bytes:
    """For each packed body the numbers of its matching lines from 0, as msgpack. Case does not count.

    Raises: Invalid for what is no pattern.
    """
    import pyarrow as pa
    from pyarrow import compute

    _refuse_what_is_no_pattern(pattern)
    found = []
    for body in bodies:
        lines = compute.split_pattern(pa.array([unpack_body(body).decode()]), "\n").flatten()
        matches = compute.match_substring_regex(lines, pattern, ignore_case=True)
        found.append(compute.indices_nonzero(matches).to_pylist())
    return msgspec.msgpack.encode(found)


def _refuse_what_is_no_pattern(pattern: str) -> None:
    import pyarrow as pa
    from pyarrow import compute

    try:
        compute.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        said = str(error).removeprefix("Invalid regular expression: ")
        raise Invalid(
            f"{pattern[:200]!r} is not a regular expression that can be searched for: {said}"
        ) from error
