"""What the webhook receiver keeps for the sensors."""

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
class Kept:
    """What an evaluation finds in the inbox."""

    bodies: Mapping[str, bytes]
    """Of events that no evaluation has handled yet, by name."""
    removed: Sequence[str]
    """Names of those that an evaluation before has handled."""
    handled: Sequence[str]
    """Names of those that are handled and are still there."""


def look_into_inbox(
    report_lake: ReportLakeResource, kind: str, handled: Sequence[str], log: logging.Logger
) -> Kept:
    """The events of that kind; those in `handled` are removed.

    A sensor hands over the names that its cursor holds, and stores in its cursor those that it has handled
    now: so that one is removed only once what came of it is stored. Where the lake cannot be read, there is
    nothing, and one line in the log.
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
        log.warning(f"the lake's inbox cannot be read, events are not looked at: {error}")
        return Kept({}, (), handled)
    there = [name for name in names if name in handled]
    try:
        inbox.remove(kind, there)
    except StripeReportsError as error:
        log.warning(f"what was acted upon stays in the lake's inbox: {error}")
        return Kept(bodies, (), there)
    return Kept(bodies, there, ())


def delivered_runs(kept: Kept, account: str | None, log: logging.Logger) -> list[ReportRun]:
    """The report runs of these events, as they were then; one line in the log for each event that is damaged,
    or of another connected account."""
    runs: list[ReportRun] = []
    for name, body in kept.bodies.items():
        try:
            event = parse_event(body)
        except StripeReportsError as error:
            log.error(f"{name} in the lake's inbox is left out: {error}")
            continue
        if event.account not in (None, account):
            log.info(f"{name} in the lake's inbox is of account {event.account}, and these assets are not")
        elif event.report_run is None:
            log.error(f"{name} in the lake's inbox is left out: it is of no report run")
        else:
            runs.append(event.report_run)
    return runs


def known_runs(runs: Iterable[ReportRun], api: StripeApi, log: logging.Logger) -> list[ReportRun]:
    """Those of the delivered report runs that Stripe knows; one line in the log for each other one.

    The Dashboard and the Stripe CLI send test events, whose report runs do not exist. Raises
    StripeReportsError where Stripe cannot be asked.
    """
    known: list[ReportRun] = []
    for run in runs:
        if not _TEST_EVENT.fullmatch(run.id) and _is_known(api, run.id):
            known.append(run)
        else:
            log.info(
                f"report run {run.id} ({run.report_type}) is left out: Stripe has none, as in a test event"
            )
    return known


def _is_known(api: StripeApi, id_: str) -> bool:
    try:
        retrieve_report_run(api, id_)
    except StripeRequestError as error:
        if error.gone:
            return False
        raise
    return True
