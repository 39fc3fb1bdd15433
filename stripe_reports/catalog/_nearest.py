"""What a person may have meant by a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """The text to put behind "unknown …": `; did you mean 'a' or 'b'?`, or nothing."""
    known = sorted(names)
    matches = difflib.get_close_matches(name, known, n=most, cutoff=0.6)
    matches += [k for k in known if name and k.startswith(name) and k not in matches]
    if not matches:
        return ""
    *others, last = (repr(match) for match in matches[:most])
    return f"; did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
