"""Sums by key, for the reports that add up other reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

Key = tuple[str | None, ...]


def summed(lines: Iterable[tuple[Key, tuple[int, ...]]], width: int) -> list[tuple[Key, tuple[int, ...]]]:
    """Return the sums of each key's `width` amounts, in the order of keys, with None first."""
    sums: defaultdict[Key, list[int]] = defaultdict(lambda: [0] * width)
    for key, amounts in lines:
        together = sums[key]
        for position, amount in enumerate(amounts):
            together[position] += amount
    return [(key, tuple(sums[key])) for key in sorted(sums, key=_none_first)]


def _none_first(key: Key) -> list[tuple[bool, str]]:
    return [(text is not None, text or "") for text in key]
