"""A field of one of Stripe's objects, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

_LAST_SECOND = 253402300799
"""Of the year 9999: later ones are no dates."""
_MOST_BYTES = 1 << 50
_T = TypeVar("_T")
_WORD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")

_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a decimal number",
    bool: "true or false",
    type(None): "null",
}


def kind(value: object) -> str:
    """What a value of JSON is, in words."""
    return _KINDS.get(type(value), type(value).__name__)


def field(told: Mapping[str, Any], name: str, *types: type) -> Any:
    """Its value, which is exactly of one of these types; what is not there is None. Raises ValueError."""
    value = told.get(name)
    if type(value) not in types:  # not isinstance: true is no number here
        raise ValueError(f"its {name} is {kind(value)}, not {_KINDS[types[0]]}")
    return value


def word(told: Mapping[str, Any], name: str) -> str:
    """A field that is an id or a name as Stripe forms them, safe in a line and in a path.

    Raises ValueError.
    """
    value: str = field(told, name, str)
    if not _WORD.fullmatch(value):
        raise ValueError(f"its {name} is not made of letters, digits, _, - and .")
    return value


def instant(told: Mapping[str, Any], name: str) -> int:
    """A field that is a time in Unix seconds. Raises ValueError."""
    return _within(told, name, _LAST_SECOND)


def size(told: Mapping[str, Any], name: str) -> int:
    """A field that is a number of bytes. Raises ValueError."""
    return _within(told, name, _MOST_BYTES)


def _within(told: Mapping[str, Any], name: str, most: int) -> int:
    value: int = field(told, name, int)
    if not 0 <= value <= most:
        raise ValueError(f"its {name} is out of range")
    return value


def items(told: Mapping[str, Any], name: str, type_: type[_T]) -> list[_T]:
    """A field that is a list of such values. Raises ValueError."""
    values: list[_T] = field(told, name, list)
    for value in values:
        if type(value) is not type_:
            raise ValueError(f"its {name} holds {kind(value)}, not {_KINDS[type_]}")
    return values


def demand_object(told: Mapping[str, Any], kind: str, words: str) -> None:
    """Raise ValueError for any other object than one of this kind, which a person calls `words`."""
    if told.get("object") != kind:
        raise ValueError(f"it is no {words}")
