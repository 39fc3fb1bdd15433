"""Kinds of failures, pauses, and what a person is told: without Dagster."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    DataNotAvailableError,
    DownloadError,
    LakeError,
    ReportRunError,
    ReportRunStuckError,
    StripeReportsError,
    StripeRequestError,
    UnexpectedError,
)
from stripe_reports.orchestration.failed_runs.alert import alerts_of
from stripe_reports.orchestration.failed_runs.failure import Failure, Kind, Pauses, kind_of
from stripe_reports.orchestration.failed_runs.memory import Memory, Unsent, Waiting

_PAUSES = Pauses((900.0, 3600.0))
_AT = datetime(2026, 11, 22, 13, 30, tzinfo=UTC)
_FAILURE = Failure(
    account=None,
    report_type="balance.summary.1",
    partition="2026-11-20",
    asset_key="stripe_reports/balance_summary_1",
    kind=Kind.REPORT_RUN_FAILED,
    error="balance.summary.1 2026-11-20 (report run frr_1): Stripe marked it failed: Sorry.",
    report_run="frr_1",
    run_id="run-1",
    failed_at=_AT.timestamp(),
)


def _with(error: StripeReportsError, **facts: Any) -> StripeReportsError:
    for name, value in facts.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_with(DataNotAvailableError("not yet"), comes=True), "stripe_is_late"),
        (_with(DataNotAvailableError("no more"), comes=False), "our_error"),
        (ReportRunError("failed"), "report_run_failed"),
        (ReportRunStuckError("pending"), "report_run_stuck"),
        (CsvError("n/a"), "bad_data"),
        (DownloadError("cut"), "stripe_unavailable"),
        (_with(StripeRequestError("500"), passes=True), "stripe_unavailable"),
        (_with(StripeRequestError("bad key"), passes=False), "our_error"),
        (ConfigurationError("no key"), "our_error"),
        (LakeError("another account's"), "our_error"),
        (UnexpectedError("unexpected IndexError"), "unexpected_error"),
    ],
    ids=lambda each: each if isinstance(each, str) else repr(each),
)
def test_the_kind_of_a_failure_follows_from_its_error(error: StripeReportsError, kind: str) -> None:
    assert kind_of(error) == kind


def test_each_kind_says_in_one_sentence_what_to_do() -> None:
    for kind in Kind:
        assert kind.what_to_do.endswith(".")
        assert "\n" not in kind.what_to_do


def test_a_failure_that_passes_is_asked_for_again_after_the_pause_of_its_attempt() -> None:
    at = _FAILURE.failed_at
    assert _PAUSES.again_at(_FAILURE) == at + 900
    assert _PAUSES.again_at(replace(_FAILURE, attempt=1)) == at + 3600
    assert _PAUSES.again_at(replace(_FAILURE, attempt=2)) is None
    assert Pauses(()).again_at(_FAILURE) is None
    assert _PAUSES.again_at(replace(_FAILURE, kind=Kind.UNEXPECTED)) == at + 900


@pytest.mark.parametrize("kind", [Kind.BAD_DATA, Kind.OUR_ERROR])
def test_a_failure_that_does_not_pass_is_not_asked_for_again(kind: Kind) -> None:
    assert _PAUSES.again_at(replace(_FAILURE, kind=kind)) is None


def test_the_first_failure_the_last_one_and_a_new_kind_are_told() -> None:
    between = replace(_FAILURE, attempt=1, before=Kind.REPORT_RUN_FAILED)
    assert _PAUSES.needs_alert(_FAILURE)
    assert not _PAUSES.needs_alert(between)
    assert _PAUSES.needs_alert(replace(between, before=Kind.REPORT_RUN_STUCK))
    assert _PAUSES.needs_alert(replace(between, attempt=2))


@pytest.mark.parametrize("pauses", [(0,), (900, -1), (float("nan"),)])
def test_a_pause_must_be_above_zero(pauses: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="give seconds above 0"):
        Pauses(pauses)


def test_the_text_says_what_failed_why_what_happens_next_and_where_to_look() -> None:
    (alert,) = alerts_of([_FAILURE], _PAUSES, "https://dagster.example/")
    assert alert.text == (
        "Stripe report failed, report run failed: balance.summary.1 2026-11-20 (report run frr_1): Stripe"
        " marked it failed: Sorry. Retrying at 2026-11-22 13:45 UTC, attempt 1 of 2."
        " https://dagster.example/runs/run-1"
    )


def test_the_last_text_says_that_nobody_asks_again_and_what_to_do() -> None:
    (alert,) = alerts_of([replace(_FAILURE, attempt=2)], _PAUSES, "http://x")
    assert "Given up after 2 attempts: no automatic retry. A new report run usually" in alert.text
    assert alert.requested_again_at is None
    (alert,) = alerts_of([replace(_FAILURE, kind=Kind.OUR_ERROR)], _PAUSES, "http://x")
    assert "Sorry. No automatic retry. Fix the cause in the error" in alert.text


def test_what_slack_would_take_as_markup_is_escaped_in_the_text_only() -> None:
    (alert,) = alerts_of([replace(_FAILURE, error="<!channel> & all")], _PAUSES, "http://x")
    assert "&lt;!channel&gt; &amp; all" in alert.body["text"]
    assert alert.body["error"] == "<!channel> & all"


def test_an_endless_error_is_cut() -> None:
    (alert,) = alerts_of([replace(_FAILURE, error="x" * 100_000)], _PAUSES, "http://x")
    assert len(alert.body["text"]) < 1500


def _failures(count: int, error: Callable[[int], str], **more: Any) -> list[Failure]:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(count)]
    return [
        replace(_FAILURE, partition=str(day), error=f"balance.summary.1 {day}: {error(number)}", **more)
        for number, day in enumerate(days)
    ]


def test_up_to_ten_failures_are_an_alert_each() -> None:
    assert len(alerts_of(_failures(10, lambda _: "no key"), _PAUSES, "http://x")) == 10


def test_more_than_ten_failures_of_one_cause_are_one_alert_that_names_how_many_and_which() -> None:
    failures = _failures(
        3000, lambda number: f"refused (request req_a{number}, report run frr_{number}): 4{number}"
    )
    other = replace(_FAILURE, report_type="payouts.summary.1", error="payouts.summary.1: another thing")
    both = alerts_of([*failures, other], _PAUSES, "http://x")
    assert [alert.partitions for alert in both] == [3000, 1]
    assert both[0].places == "balance.summary.1 2026-01-01...2034-03-19"
    assert both[0].report_type == "balance.summary.1"
    assert both[0].partition is None
    assert both[0].error.startswith("balance.summary.1 2026-01-01: refused")
    assert both[1].partition == "2026-11-20"


def test_kinds_and_attempts_are_never_told_together() -> None:
    failures = [
        *_failures(6, lambda _: "the same"),
        *_failures(6, lambda _: "the same", kind=Kind.REPORT_RUN_STUCK),
        *_failures(6, lambda _: "the same", attempt=2),
    ]
    alerts = alerts_of(failures, _PAUSES, "http://x")
    assert [(alert.kind, alert.attempt, alert.partitions) for alert in alerts] == [
        (Kind.REPORT_RUN_FAILED, 0, 6),
        (Kind.REPORT_RUN_STUCK, 0, 6),
        (Kind.REPORT_RUN_FAILED, 2, 6),
    ]


def test_more_than_ten_causes_are_told_by_kind() -> None:
    words = "abcdefghijklmnopqrstuvwxyz"
    alerts = alerts_of(_failures(26, lambda number: words[: number + 1]), _PAUSES, "http://x")
    assert [alert.partitions for alert in alerts] == [26]


def test_of_many_places_a_few_are_named() -> None:
    gaps = _failures(24, lambda _: "no key")[::2]
    types = [replace(_FAILURE, report_type=id_) for id_ in list(REPORT_TYPES)[:12]]
    (of_gaps, *_) = alerts_of(gaps, _PAUSES, "http://x")
    (of_types, *_) = alerts_of(types, _PAUSES, "http://x")
    assert of_gaps.places.endswith("2026-01-07, 2026-01-09 and 7 more")
    assert of_types.places.count(",") == 4
    assert of_types.places.endswith("and 7 more 2026-11-20")


def test_the_memory_stays_small_and_says_what_it_drops(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory(runs="x")
    memory.waiting = [Waiting(at=number, attempt=1, run_id=f"{number:036}") for number in range(5000)][::-1]
    memory.unsent = [Unsent(body={"text": "x" * 1500}) for _ in range(500)]
    memory.handled_runs = {f"frr_1{number:024}": number for number in range(5000)}
    text = memory.to_cursor(logging.getLogger("test"))
    assert len(text) < 200_000
    assert {record.message for record in caplog.records} == {
        "more than 500 requests are waiting; dropping 4500 of them",
        "more than 50 alerts are waiting; dropping 450 of them",
    }
    kept = Memory.from_cursor(text, logging.getLogger("test"))
    assert kept is not None
    assert [each.at for each in kept.waiting] == list(range(500)), "those that are due first"
    assert min(kept.told.values()) == 4500, "the newest"
