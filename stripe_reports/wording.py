"""Parts of messages that several wings write in the same way."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def some(items: Iterable[object], most: int, *, separator: str = ", ") -> str:
    """Return the first `most` items and how many are left: `a, b and 3 more`."""
    texts = [str(item) for item in items]
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return separator.join(texts[:most]) + more


def nearest(name: str, names: Iterable[str], *, most: int = 3) -> str:
    """Return what to add to "unknown …": `; did you mean 'a' or 'b'?`, or nothing if no name is near."""
    known = sorted(names)
    matches = difflib.get_close_matches(name, known, n=most, cutoff=0.6)
    matches += [k for k in known if name and k.startswith(name) and k not in matches]
    if not matches:
        return ""
    *others, last = (repr(match) for match in matches[:most])
    return f"; did you mean {', '.join(others)}{' or ' if others else ''}{last}?"
