"""The webhook receiver's events, as the sensors read them."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stripe_reports.errors import StripeReportsError, StripeRequestError
from stripe_reports.orchestration.resources import ReportLakeResource
from stripe_reports.stripe_api import ReportRun, StripeApi, parse_event, retrieve_report_run

_MOST_AT_ONCE = 200
_TEST_EVENT = re.compile("frr_0+")


@dataclass(frozen=True, slots=True)
class InboxEvents:
    """The events that an evaluation finds in the inbox."""

    bodies: Mapping[str, bytes]
    """The bodies of events that no evaluation has handled yet, by name."""
    removed: Sequence[str]
    """The names of those that an earlier evaluation has handled, and that are removed now."""
    handled: Sequence[str]
    """The names of those that are handled and could not be removed."""


def look_into_inbox(
    report_lake: ReportLakeResource, kind: str, handled: Sequence[str], log: logging.Logger
) -> InboxEvents:
    """Return the events of that kind, and remove those in `handled`.

    A sensor passes the names in its cursor, and stores in its new cursor those that it has handled now. So an
    event is removed only once its result is stored. If the lake cannot be read, there are no events (logged).
    """
    try:
        inbox = report_lake.lake.inbox
        names = inbox.names(kind)
        bodies = {
            name: body
            for name in [name for name in names if name not in handled][:_MOST_AT_ONCE]
            if (body := inbox.read(kind, name)) is not None
        }
    except StripeReportsError as error:
        log.warning(f"could not read the lake's inbox; retrying at the next tick: {error}")
        return InboxEvents({}, (), handled)
    there = [name for name in names if name in handled]
    try:
        inbox.remove(kind, there)
    except StripeReportsError as error:
        log.warning(
            f"could not remove handled events from the lake's inbox; retrying at the next tick: {error}"
        )
        return InboxEvents(bodies, (), there)
    return InboxEvents(bodies, there, ())


def delivered_runs(kept: InboxEvents, account: str | None, log: logging.Logger) -> list[ReportRun]:
    """Return the report runs in these events, as they were then.

    Events that are damaged or of another connected account are logged and left out.
    """
    runs: list[ReportRun] = []
    for name, body in kept.bodies.items():
        try:
            event = parse_event(body)
        except StripeReportsError as error:
            log.error(f"ignoring {name} in the lake's inbox: {error}")
            continue
        if event.account not in (None, account):
            log.info(f"ignoring {name} in the lake's inbox: it is of another account, {event.account}")
        elif event.report_run is None:
            log.error(f"ignoring {name} in the lake's inbox: it has no report run")
        else:
            runs.append(event.report_run)
    return runs


def known_runs(runs: Iterable[ReportRun], api: StripeApi, log: logging.Logger) -> list[ReportRun]:
    """Return the delivered report runs that exist at Stripe; the others are logged.

    The Dashboard and the Stripe CLI send test events, whose report runs do not exist. Raises
    StripeReportsError if Stripe is unreachable.
    """
    known: list[ReportRun] = []
    for run in runs:
        if not _TEST_EVENT.fullmatch(run.id) and _is_known(api, run.id):
            known.append(run)
        else:
            log.info(f"ignoring report run {run.id} ({run.report_type}): Stripe has none, as in a test event")
    return known


def _is_known(api: StripeApi, id_: str) -> bool:
    try:
        retrieve_report_run(api, id_)
    except StripeRequestError as error:
        if error.gone:
            return False
        raise
    return True
