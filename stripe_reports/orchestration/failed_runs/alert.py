"""Alerts about report partitions that did not land, and how they are sent."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import requests

from stripe_reports.catalog import stretches
from stripe_reports.orchestration.failed_runs.failure import Failure, Kind, Pauses
from stripe_reports.wording import some

_MOST_ALONE = 10
_MOST_NAMED = 5
_LONGEST_ERROR = 1000
_CONNECT_SECONDS, _ANSWER_SECONDS = 3.0, 5.0

# What differs between errors with the same cause: Stripe's ids, and numbers.
_DIFFERS = re.compile(r"\b(frr|file|req|po)_\w+|\d+")


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert about partitions that did not land for the same reason; usually one partition.

    For several, `report_type`, `partition`, `asset_key`, `report_run` and `run_id` are None if they differ,
    and `run_url` is the first one's. `attempt` is how often the days had been requested again before.
    """

    kind: Kind
    account: str | None
    """The name of the account, where the code location has several."""
    report_type: str | None
    partition: str | None
    asset_key: str | None
    run_id: str | None
    run_url: str | None
    report_run: str | None
    error: str
    """The error in one line; for several partitions, that of the first."""
    what_to_do: str
    requested_again_at: datetime | None
    """In UTC; None if there is no automatic retry."""
    attempt: int
    attempts: int
    """The most attempts that are made."""
    partitions: int
    """How many partitions did not land."""
    places: str
    """Their report types and days."""

    @property
    def text(self) -> str:
        """The alert in one line, for a log or a chat: what failed, why, and what happens next."""
        if self.partitions > 1:
            what = f"{self.kind.text}: {self.partitions} partitions ({self.places}); the first: {self.error}"
        else:
            what = f"{self.kind.text}: {self.error}"
        parts = [what if what.endswith((".", "!", "?")) else f"{what}.", self._next]
        return " ".join(
            [f"Stripe report failed, {parts[0]}", *parts[1:], *([self.run_url] if self.run_url else [])]
        )

    @property
    def _next(self) -> str:
        if self.requested_again_at:
            number = f"attempt {self.attempt + 1} of {self.attempts}"
            return f"Retrying at {self.requested_again_at:%Y-%m-%d %H:%M} UTC, {number}."
        given_up = f"Given up after {self.attempt} attempts: no" if self.attempt else "No"
        return f"{given_up} automatic retry. {self.what_to_do}"

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body of the POST.

        Slack reads `text` as markup, in which three characters are escaped:
        https://docs.slack.dev/messaging/formatting-message-text#escaping
        """
        text = self.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        again = self.requested_again_at
        return {
            "text": text,
            "kind": self.kind.value,
            "account": self.account,
            "report_type": self.report_type,
            "partition": self.partition,
            "asset_key": self.asset_key,
            "run_id": self.run_id,
            "run_url": self.run_url,
            "report_run": self.report_run,
            "error": self.error,
            "what_to_do": self.what_to_do,
            "requested_again_at": again.isoformat(timespec="seconds") if again else None,
            "attempt": self.attempt,
            "partitions": self.partitions,
            "places": self.places,
        }


def alerts_of(failures: Sequence[Failure], pauses: Pauses, webserver_url: str) -> list[Alert]:
    """Return one alert for each failure, if there are at most ten.

    Nobody reads more: failures of the same kind, attempt and error then become one alert (errors that differ
    only in their report type, day, ids and numbers count as the same). If there are still more than ten, all
    of the same kind and attempt become one.
    """
    groups = [[failure] for failure in failures]
    if len(groups) > _MOST_ALONE:
        groups = _grouped(failures, by_error=True)
    if len(groups) > _MOST_ALONE:
        groups = _grouped(failures, by_error=False)
    return [_alert(group, pauses, webserver_url) for group in groups]


def post(url: str, body: dict[str, Any]) -> str | None:
    """Send the body; return why the address did not take it, or None.

    The reason never has the address, which is a secret at Slack and others, nor an error's text, which may
    have it.
    """
    try:
        answer = requests.post(url, json=body, timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS))
    except (requests.RequestException, ValueError) as error:
        return f"it was not sent ({type(error).__name__}); check the alert URL"
    return None if answer.ok else f"it was not taken: the address answered {answer.status_code}"


def _grouped(failures: Sequence[Failure], *, by_error: bool) -> list[list[Failure]]:
    groups: dict[tuple[Kind, int, str], list[Failure]] = {}
    for failure in failures:
        shape = _shape(failure) if by_error else ""
        groups.setdefault((failure.kind, failure.attempt, shape), []).append(failure)
    return list(groups.values())


def _shape(failure: Failure) -> str:
    """Return the error without the words that say where it happened."""
    text = failure.error
    for place in (failure.report_type, failure.report_type.replace(".", "_"), failure.partition):
        text = text.replace(place, "") if place else text
    return _DIFFERS.sub("", text)


def _alert(failures: Sequence[Failure], pauses: Pauses, webserver_url: str) -> Alert:
    first = failures[0]
    again = [at for failure in failures if (at := pauses.again_at(failure)) is not None]
    return Alert(
        kind=first.kind,
        account=first.account,
        report_type=_common(failure.report_type for failure in failures),
        partition=_common(failure.partition for failure in failures),
        asset_key=_common(failure.asset_key for failure in failures),
        run_id=_common(failure.run_id for failure in failures),
        run_url=f"{webserver_url.rstrip('/')}/runs/{first.run_id}" if first.run_id else None,
        report_run=_common(failure.report_run for failure in failures),
        error=first.error if len(first.error) <= _LONGEST_ERROR else f"{first.error[:_LONGEST_ERROR]}…",
        what_to_do=first.kind.what_to_do,
        requested_again_at=datetime.fromtimestamp(min(again), UTC) if again else None,
        attempt=first.attempt,
        attempts=len(pauses),
        partitions=len(failures),
        places=_places(failures),
    )


def _common(values: Iterable[str | None]) -> str | None:
    different = set(values)
    return different.pop() if len(different) == 1 else None


def _places(failures: Sequence[Failure]) -> str:
    """Return report types and days: `balance.summary.1, payouts.summary.1 2025-09-01...2025-09-30`."""
    days: dict[str, set[str]] = {}
    for failure in failures:
        days.setdefault(failure.report_type, set()).add(failure.partition or "")
    alike: dict[str, list[str]] = {}
    for report_type, own in days.items():
        alike.setdefault(some(_stretches(own), _MOST_NAMED), []).append(report_type)
    groups = (f"{some(types, _MOST_NAMED)} {own}".strip() for own, types in alike.items())
    return some(groups, _MOST_NAMED, separator="; ")


def _stretches(partitions: Iterable[str]) -> list[str]:
    found = stretches(date.fromisoformat(partition) for partition in partitions if partition)
    return [str(days[0]) if len(days) == 1 else f"{days[0]}...{days[-1]}" for days in found]
