"""The report runs that have ended, whoever created them: a feed that continues where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from types import NoneType
from typing import Any, Literal, Self

import stripe

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.event import event_of
from stripe_reports.stripe_api.fields import field
from stripe_reports.stripe_api.pages import Found, Request, list_runs, pages
from stripe_reports.stripe_api.refusal import is_withheld
from stripe_reports.stripe_api.report_run import ReportRun, report_run_of

LOOK_BACK = 7 * 86400.0
"""How many seconds the first reading goes back."""

_MOST_SECONDS = 20.0
"""How many seconds a reading may take before its last page, as Dagster ends an evaluation after a minute."""
_OVERLAP = 300
"""How many seconds before the newest event are read again, because events arrive out of order."""
_CLOCKS_DIFFER = 3600
"""How many seconds before now are read again, because this machine's clock may be ahead of Stripe's."""
_PENDING_AT_MOST = 2 * 86400
"""How many seconds a run may be pending; after that it is stuck, and the feed stops waiting for it."""
_EVENTS_AGAIN_AFTER = 3600
_EVENTS_KEPT = 29 * 86400
"""How many seconds back events are read; Stripe lists events of the last 30 days."""
_FORMAT = 1

_Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedCursor:
    """The position up to which a feed has been read, in Unix seconds.

    Everything before `since` has been read. If the rest is too much for one reading, `after` is the last
    object that was read, and the next reading continues after it; `next_since` and `oldest_pending` are kept
    for its end. `no_events_at` is when Stripe had no events for this key, so that runs are listed instead.
    """

    since: int
    after: str | None = None
    next_since: int | None = None
    oldest_pending: int | None = None
    no_events_at: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return a plain dict for `json.dumps`."""
        return {"format": _FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, obj: object) -> Self | None:
        """Return the cursor of such a dict; None, which means a fresh start, for anything else."""
        if not isinstance(obj, Mapping) or obj.get("format") != _FORMAT:
            return None
        number, text = (int, NoneType), (str, NoneType)
        with suppress(ValueError):
            return cls(
                since=field(obj, "since", int),
                after=field(obj, "after", *text),
                next_since=field(obj, "next_since", *number),
                oldest_pending=field(obj, "oldest_pending", *number),
                no_events_at=field(obj, "no_events_at", *number),
            )
        return None


@dataclass(frozen=True, slots=True)
class EndedRuns:
    """The runs that have ended, each once and as in its newest event, and the cursor of the next reading.

    A later reading may return a run again.
    """

    runs: Sequence[ReportRun]
    cursor: FeedCursor
    from_events: bool


def ended_report_runs(
    api: StripeApi,
    cursor: FeedCursor | None,
    *,
    status: Literal["succeeded", "failed"],
    look_back: float = LOOK_BACK,
    most_calls: int = 10,
    now: Callable[[], float] = time.time,
) -> EndedRuns:
    """Return the runs that ended after `cursor`, or in the last `look_back` seconds, with few calls.

    The runs come from Stripe's events (https://docs.stripe.com/api/events/list), in at most `most_calls`
    calls. If there are no events, one more call looks at the newest hundred report runs created since. If the
    key may not read events, or the server has none or none that old, the runs come from the list of report
    runs, which the next reading reads again from the oldest run that is still pending; events are tried again
    once an hour. Raises StripeRequestError; `cursor` then stays valid.
    """
    reading = _Reading(api, status, most_calls, now())
    if cursor is None or cursor.since > now():
        cursor = FeedCursor(since=max(0, int(now() - look_back)))
    refused_at, is_begun = cursor.no_events_at, cursor.after is not None
    if refused_at is None or (not is_begun and now() - refused_at >= _EVENTS_AGAIN_AFTER):
        try:
            return reading.of_events(replace(cursor, no_events_at=None))
        except _NoEventsError:
            # The list goes by creation, and a run that ended after `since` may have been created before.
            since = cursor.since if refused_at is not None else max(0, cursor.since - _PENDING_AT_MOST)
            cursor = FeedCursor(since=since, no_events_at=int(now()))
    return reading.of_runs(cursor)


class _NoEventsError(Exception):
    """The key may not read events, or Stripe has none that old or none that can be read."""


@dataclass(frozen=True, slots=True)
class _Reading:
    api: StripeApi
    status: str
    most_calls: int
    now: float

    def of_events(self, cursor: FeedCursor) -> EndedRuns:
        type_ = f"reporting.report_run.{self.status}"
        if self.now - cursor.since > _EVENTS_KEPT:
            raise _NoEventsError
        try:
            events, after = self._pages(_list_events, event_of, cursor, {"types": [type_]})
        except StripeRequestError as error:
            if is_withheld(error) or not isinstance(error.__cause__, stripe.StripeError):
                raise _NoEventsError from error
            raise
        runs: dict[str, ReportRun] = {}
        for event in sorted(events, key=lambda event: event.created, reverse=True):
            if event.type == type_ and event.report_run:
                runs.setdefault(event.report_run.id, event.report_run)
        created = [event.created for event in events]
        ended = list(runs.values()) if runs or after else self._newest_of_the_list(cursor)
        return EndedRuns(ended, self._next(cursor, after, created), from_events=True)

    def _newest_of_the_list(self, cursor: FeedCursor) -> list[ReportRun]:
        """List the newest runs in one call, because an account's events may lack what its list has."""
        found, _ = self._pages(list_runs, report_run_of, FeedCursor(since=cursor.since), {}, most_calls=1)
        return [run for run in found if run.status == self.status]

    def of_runs(self, cursor: FeedCursor) -> EndedRuns:
        found, after = self._pages(list_runs, report_run_of, cursor, {})
        runs = {run.id: run for run in found}.values()
        waited_for = [run.created for run in runs if run.status == "pending" and self._may_end(run)]
        if cursor.oldest_pending is not None:
            waited_for.append(cursor.oldest_pending)
        oldest_pending = min(waited_for, default=None)
        next_ = self._next(cursor, after, [run.created for run in runs], oldest_pending)
        return EndedRuns([run for run in runs if run.status == self.status], next_, from_events=False)

    def _may_end(self, run: ReportRun) -> bool:
        return self.now - run.created < _PENDING_AT_MOST

    def _pages(
        self,
        list_: Request,
        read: Callable[[Mapping[str, Any]], Found],
        cursor: FeedCursor,
        params: _Params,
        most_calls: int | None = None,
    ) -> tuple[list[Found], str | None]:
        """Return the objects, and the id of the last one if there are more."""
        found: list[Found] = []
        until = time.monotonic() + _MOST_SECONDS
        params = {**params, "created": {"gte": cursor.since}}
        most = most_calls or self.most_calls
        for page, has_more in pages(self.api, list_, read, params, after=cursor.after, most=most):
            found += page
            if not has_more:
                return found, None
            if time.monotonic() >= until:
                break
        return found, found[-1].id

    def _next(
        self, cursor: FeedCursor, after: str | None, created: Sequence[int], oldest_pending: int | None = None
    ) -> FeedCursor:
        since = cursor.next_since
        if since is None:  # set by the first page, which has the newest objects
            since = max(cursor.since, int(self.now) - _CLOCKS_DIFFER)
        since = max(since, max(created, default=0) - _OVERLAP)
        if after:
            return replace(cursor, after=after, next_since=since, oldest_pending=oldest_pending)
        since = since if oldest_pending is None else min(since, oldest_pending)
        return FeedCursor(since=since, no_events_at=cursor.no_events_at)


def _list_events(client: stripe.StripeClient, params: Any) -> stripe.ListObject[Any]:
    return client.v1.events.list(params)
