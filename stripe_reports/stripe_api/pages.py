"""Stripe's lists, page by page, with a bound for servers whose lists never end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Protocol, TypeVar

import stripe

from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.fields import demand_object, field, items
from stripe_reports.stripe_api.refusal import unusable
from stripe_reports.stripe_api.report_run import ReportRun, report_run_of

PAGE = 100
MOST_PAGES = 1000
"""The most pages of a list: a hundred thousand report runs, more than a year of all report types by day."""

_OUT_OF_ORDER = 300
"""How many seconds an object may be newer than the one before it."""


class Listed(Protocol):
    """An object in a list."""

    @property
    def id(self) -> str:
        """The object's id at Stripe."""

    @property
    def created(self) -> int:
        """The time of its creation, in Unix seconds."""


Found = TypeVar("Found", bound=Listed)
Request = Callable[..., stripe.ListObject[Any]]
"""A call of the SDK that takes a client and `params`."""


def pages(
    api: StripeApi,
    list_: Request,
    read: Callable[[Mapping[str, Any]], Found],
    params: Mapping[str, Any],
    *,
    after: str | None = None,
    most: int | None = None,
) -> Iterator[tuple[list[Found], bool]]:
    """Yield the pages of a list, newest first, and whether another page follows; each page is one call.

    The first page starts after the object `after`; `most` is the largest number of pages. Raises
    StripeRequestError, also if a page repeats an object of an earlier page or is newer than it, as such a
    list would never end.
    """
    seen = {after} if after else set()
    oldest: int | None = None

    def read_page(obj: Mapping[str, Any]) -> tuple[list[Found], bool]:
        demand_object(obj, "list", "a list")
        found = [read(each) for each in items(obj, "data", dict)]
        if repeated := next((each.id for each in found if each.id in seen), None):
            raise ValueError(f"its next page repeats {repeated}")
        if found and oldest is not None and found[-1].created > oldest + _OUT_OF_ORDER:
            raise ValueError(f"its next page, with {found[-1].id}, goes forward in time")
        return found, field(obj, "has_more", bool) and bool(found)

    for _ in range(most or MOST_PAGES):
        asked = {**params, "limit": PAGE, **({"starting_after": after} if after else {})}
        found, has_more = api.ask(partial(list_, params=asked), read_page)
        yield found, has_more
        if not has_more:
            return
        seen.update(each.id for each in found)
        after, oldest = found[-1].id, found[-1].created
    if most is None:
        raise unusable(f"its list has more than {MOST_PAGES} pages of {PAGE}")


def list_report_runs(api: StripeApi, *, created_from: int) -> Iterator[ReportRun]:
    """List the runs created since that second, whoever created them, newest first; 100 per call."""
    for found, _ in pages(api, list_runs, report_run_of, {"created": {"gte": created_from}}):
        yield from found


def list_runs(client: stripe.StripeClient, params: Any) -> stripe.ListObject[Any]:
    """Request `GET /v1/reporting/report_runs`."""
    return client.v1.reporting.report_runs.list(params)
