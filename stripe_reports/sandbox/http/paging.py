"""Lists, newest first, a page at a time (https://docs.stripe.com/api/pagination)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Protocol, TypeVar

from stripe_reports.sandbox.http import form
from stripe_reports.sandbox.http.error import Refusal, no_such, unknown

PAGE_PARAMS = ("created", "limit", "starting_after", "ending_before")
_MOST = 100


class Listed(Protocol):
    """An object in a list."""

    @property
    def id(self) -> str:
        """The object's id, which is the cursor of pages."""

    @property
    def created(self) -> int:
        """The time of its creation, in Unix seconds."""


_T = TypeVar("_T", bound=Listed)


def page(newest_first: Sequence[_T], params: Mapping[str, Any], what: str) -> tuple[list[_T], bool]:
    """Return the requested page, and whether there is more in that direction. Raises Refusal."""
    limit = form.integer(params, "limit")
    if limit is None:
        limit = 10
    elif not 1 <= limit <= _MOST:
        bound = "greater than or equal to 1" if limit < 1 else f"less than or equal to {_MOST}"
        raise Refusal(f"This value must be {bound} (it currently is '{limit}').", param="limit")
    after, before = form.text(params, "starting_after"), form.text(params, "ending_before")
    if after and before:
        raise Refusal("You can only specify one of these parameters: starting_after, ending_before.")
    if after:
        newest_first = newest_first[_position(newest_first, after, "starting_after", what) + 1 :]
    elif before:
        newest_first = newest_first[: _position(newest_first, before, "ending_before", what)]
    earliest, latest = _bounds(params)
    from_cursor = reversed(newest_first) if before else iter(newest_first)
    # Stop after the page, so that paging through thousands stays cheap.
    found = list(islice((each for each in from_cursor if earliest <= each.created <= latest), limit + 1))
    shown = found[:limit]
    return (shown[::-1] if before else shown), len(found) > limit


def as_list(url: str, data: Sequence[Mapping[str, Any]], has_more: bool = False) -> dict[str, Any]:
    """Return Stripe's list object."""
    return {"object": "list", "url": url, "has_more": has_more, "data": list(data)}


def _position(items: Sequence[Listed], cursor: str, param: str, what: str) -> int:
    for index, item in enumerate(items):
        if item.id == cursor:
            return index
    raise no_such(what, cursor, param=param, status=400)


def _bounds(params: Mapping[str, Any]) -> tuple[float, float]:
    """Return the first and the last requested second of creation."""
    bounds = params.get("created")
    if not isinstance(bounds, dict):
        exactly = form.integer(params, "created")
        return (-math.inf, math.inf) if exactly is None else (exactly, exactly)
    first, last = -math.inf, math.inf
    for name in bounds:
        bound = form.integer(bounds, name, param=f"created[{name}]")
        match name, bound:
            case "gt", int():
                first = max(first, bound + 1)
            case "gte", int():
                first = max(first, bound)
            case "lt", int():
                last = min(last, bound - 1)
            case "lte", int():
                last = min(last, bound)
            case _:
                raise unknown(f"created[{name}]")
    return first, last
