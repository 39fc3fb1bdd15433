"""A field of one of Stripe's objects, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORD = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")


def field(told: Mapping[str, Any], name: str, *types: type) -> Any:
    """Its value, which is exactly of one of these types; what is not there is None. Raises ValueError."""
    value = told.get(name)
    if type(value) not in types:  # not isinstance: true is no number here
        raise ValueError(f"its {name} is {type(value).__name__}, not {types[0].__name__}")
    return value


def word(told: Mapping[str, Any], name: str) -> str:
    """A field that is an id or a name as Stripe forms them, safe in a line and in a path.

    Raises ValueError.
    """
    value: str = field(told, name, str)
    if not _WORD.fullmatch(value):
        raise ValueError(f"its {name} is not made of letters, digits, _, - and .")
    return value
