"""The fields of Stripe's objects, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

_LAST_SECOND = 253402300799
"""The last second of the year 9999: later ones are not dates."""
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
    """Return what a JSON value is, in words."""
    return _KINDS.get(type(value), type(value).__name__)


def field(obj: Mapping[str, Any], name: str, *types: type) -> Any:
    """Return the field's value, None if it is missing. Raises ValueError if it has none of these types."""
    value = obj.get(name)
    if type(value) not in types:  # not isinstance, for which true is a number
        raise ValueError(f"its {name} is {kind(value)}, not {_KINDS[types[0]]}")
    return value


def word(obj: Mapping[str, Any], name: str) -> str:
    """Return a field that is an id or a name of Stripe's, safe in a message and in a path.

    Raises ValueError.
    """
    value: str = field(obj, name, str)
    if not _WORD.fullmatch(value):
        raise ValueError(f"its {name} is not made of letters, digits, _, - and .")
    return value


def instant(obj: Mapping[str, Any], name: str) -> int:
    """Return a field that is a time in Unix seconds. Raises ValueError."""
    return _within(obj, name, _LAST_SECOND)


def size(obj: Mapping[str, Any], name: str) -> int:
    """Return a field that is a number of bytes. Raises ValueError."""
    return _within(obj, name, _MOST_BYTES)


def _within(obj: Mapping[str, Any], name: str, most: int) -> int:
    value: int = field(obj, name, int)
    if not 0 <= value <= most:
        raise ValueError(f"its {name} is out of range")
    return value


def items(obj: Mapping[str, Any], name: str, type_: type[_T]) -> list[_T]:
    """Return a field that is a list of values of this type. Raises ValueError."""
    values: list[_T] = field(obj, name, list)
    for value in values:
        if type(value) is not type_:
            raise ValueError(f"its {name} holds {kind(value)}, not {_KINDS[type_]}")
    return values


def demand_object(obj: Mapping[str, Any], kind: str, words: str) -> None:
    """Raise ValueError if the object is not of this kind, such as "an account" in words."""
    if obj.get("object") != kind:
        raise ValueError(f"it is not {words}")
