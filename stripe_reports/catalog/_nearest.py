"""What a person may have meant by a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALMOST = 0.75


def nearest(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """The text to put behind "unknown …": `; did you mean 'a' or 'b'?`, or nothing."""
    known = sorted(names)
    matches = difflib.get_close_matches(name, known, n=most, cutoff=0.6)
    matches += [k for k in known if name and k.startswith(name) and k not in matches]
    if not matches:
        return ""
    *others, last = (repr(match) for match in matches[:most])
    return f"; did you mean {', '.join(others)}{' or ' if others else ''}{last}?"


def is_typo(id_: str, ids: Iterable[str]) -> bool:
    """Whether each part of the id is, or almost is, the part of one and the same known id."""
    parts = id_.split(".")
    return any(
        len(parts) == len(known) and all(map(_almost, parts, known)) for known in (k.split(".") for k in ids)
    )


def _almost(part: str, known: str) -> bool:
    return part == known or difflib.SequenceMatcher(None, part, known).ratio() >= _ALMOST
