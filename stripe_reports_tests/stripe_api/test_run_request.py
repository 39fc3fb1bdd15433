"""Stripe's answer is compared with the request, and two requests with each other, by the same rules."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from stripe_reports.catalog import day_interval, newest_complete_day
from stripe_reports.errors import ReportRunError
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import (
    ReportRun,
    StripeApi,
    check_answers_request,
    create_report_run,
    request_text,
    retrieve_report_run,
)
from stripe_reports_tests.scripted_server import Answer, ScriptedServer
from stripe_reports_tests.stripe_api.conftest import KEY

_DAY = 86400
_ASKED: dict[str, Any] = {
    "interval_start": _DAY,
    "interval_end": 2 * _DAY,
    "currency": "eur",
    "columns": ["net", "fee"],
}


def _answered(api: StripeApi, server: ScriptedServer, **differs: Any) -> ReportRun:
    """The run that comes out of Stripe's answer, over HTTP."""
    run = {
        "object": "reporting.report_run", "id": "frr_1", "report_type": "a.1", "status": "pending",
        "livemode": False, "created": 7, "error": None, "parameters": _ASKED, "succeeded_at": None,
        "result": None,
    } | differs  # fmt: skip
    server.answers("POST", "/v1/reporting/report_runs", Answer(run))
    return create_report_run(api, "a.1", _ASKED, "key")


def _check(api: StripeApi, run: ReportRun) -> None:
    check_answers_request(api, run, "a.1", _ASKED, id_="frr_1", livemode=False)


@pytest.mark.parametrize(
    "parameters",
    [
        _ASKED,
        {**_ASKED, "timezone": "UTC"},
        {**_ASKED, "timezone": "Etc/UTC", "decimal_separator": "."},
        {**_ASKED, "payout": None, "connected_accounts": []},
        {**_ASKED, "interval_start": str(_DAY)},
        dict(reversed(_ASKED.items())),
    ],
    ids=["as asked", "UTC", "defaults", "nothing", "a number as text", "another order of parameters"],
)
def test_what_stripe_may_add_or_leave_out_makes_no_difference(
    api: StripeApi, server: ScriptedServer, parameters: dict[str, Any]
) -> None:
    run = _answered(api, server, parameters=parameters)
    _check(api, run)
    assert request_text("a.1", run.parameters) == request_text("a.1", _ASKED)


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        ({"id": "frr_2"}, "its id is frr_2 instead of frr_1"),
        ({"report_type": "b.1"}, "its report type is b.1 instead of a.1"),
        ({"livemode": True}, "it is in live mode instead of test mode"),
        (
            {"parameters": {**_ASKED, "interval_start": 0}},
            "its interval_start is 0 (1970-01-01 00:00:00 UTC) instead of 86400 (1970-01-02",
        ),
        (
            {"parameters": {**_ASKED, "interval_end": 3 * _DAY}},
            "its interval_end is 259200 (1970-01-04 00:00:00 UTC) instead of 172800 (1970-01-03",
        ),
        ({"parameters": {**_ASKED, "interval_end": 2.5}}, "its interval_end is 2.5 instead of 172800"),
        ({"parameters": {**_ASKED, "interval_end": True}}, "its interval_end is true instead of 172800"),
        ({"parameters": {**_ASKED, "currency": "usd"}}, 'its currency is "usd" instead of "eur"'),
        ({"parameters": {**_ASKED, "payout": "po_1"}}, 'its payout is "po_1", which was not requested'),
        (
            {"parameters": {**_ASKED, "connected_account": "acct_1"}},
            'its connected_account is "acct_1", which was not requested',
        ),
        ({"parameters": {**_ASKED, "timezone": "Asia/Tokyo"}}, 'its timezone is "Asia/Tokyo"'),
        ({"parameters": {**_ASKED, "columns": ["fee"]}}, 'its columns lack net. '),
        ({"parameters": {**_ASKED, "columns": ["fee", "\x1b"]}}, 'its columns lack net. '),
        ({"parameters": {**_ASKED, "columns": "net,fee"}}, 'its columns are "net,fee"'),
    ],
)  # fmt: skip
def test_a_run_that_was_not_asked_for_is_refused_by_its_first_difference(
    api: StripeApi, server: ScriptedServer, differs: dict[str, Any], says: str
) -> None:
    with pytest.raises(ReportRunError) as refused:
        _check(api, _answered(api, server, **differs))
    assert f"a different report run than requested: {says}" in str(refused.value)
    assert refused.value.report_run == differs.get("id", "frr_1")


@pytest.mark.parametrize(
    "parameters",
    [
        {**_ASKED, "columns": ["fee", "net"]},
        {**_ASKED, "columns": ["net", "fee", "gross"]},
        {**_ASKED, "columns": None},
        {**_ASKED, "decimal_format": "plain"},
        {},
    ],
    ids=["columns in another order", "more columns", "no columns", "a parameter without a schema", "nothing"],
)
def test_an_answer_may_differ_in_what_lands_alike_and_yet_is_no_equal_request(
    api: StripeApi, server: ScriptedServer, parameters: dict[str, Any]
) -> None:
    run = _answered(api, server, parameters=parameters)
    _check(api, run)
    assert request_text("a.1", run.parameters) != request_text("a.1", _ASKED)


def test_a_run_in_utc_does_not_answer_a_request_in_another_time_zone(
    api: StripeApi, server: ScriptedServer
) -> None:
    run = _answered(api, server, parameters={**_ASKED, "timezone": "UTC"})
    with pytest.raises(ReportRunError, match='its timezone is "UTC" instead of "Asia/Tokyo"'):
        check_answers_request(api, run, "a.1", {**_ASKED, "timezone": "Asia/Tokyo"})


def test_a_key_or_a_flood_in_an_answer_does_not_get_into_the_message(
    api: StripeApi, server: ScriptedServer
) -> None:
    with pytest.raises(ReportRunError) as refused:
        _check(api, _answered(api, server, parameters={**_ASKED, KEY: 1, "currency": "e" * 10_000}))
    assert KEY not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_what_a_real_run_answers_is_what_was_asked_for(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    day = day_interval(newest_complete_day(datetime.now(UTC)))
    type_ = "balance_change_from_activity.itemized.3"
    asked = {"interval_start": day.start, "interval_end": day.end, "columns": ["net", "currency"]}
    run = create_report_run(api, type_, asked, "as-asked-for")
    for each in (run, retrieve_report_run(api, run.id)):
        check_answers_request(api, each, type_, asked, id_=run.id, livemode=False)
    with pytest.raises(ReportRunError, match="its interval_end is"):
        check_answers_request(api, run, type_, {**asked, "interval_end": day.end + _DAY})
