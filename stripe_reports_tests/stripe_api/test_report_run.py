"""Report runs: one is made, whatever breaks on the way, and waited for."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES, day_interval, newest_complete_day
from stripe_reports.errors import (
    ConfigurationError,
    DataNotAvailableError,
    ReportRunError,
    StripeRequestError,
)
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Polling, ReportRun, StripeApi, create_report_run, wait_for
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_RUNS = "/v1/reporting/report_runs"
_PARAMETERS = {"interval_start": 0, "interval_end": 86400, "columns": ["net", "currency"]}


def _run(status: str = "pending", **more: Any) -> dict[str, Any]:
    result = {
        "object": "file", "id": "file_1", "size": 3, "created": 5, "filename": "x.csv",
        "purpose": "finance_report_run",
    }  # fmt: skip
    return {
        "object": "reporting.report_run", "id": "frr_1", "report_type": "balance.summary.1", "status": status,
        "livemode": False, "created": 7, "error": None, "parameters": {}, "succeeded_at": None,
        "result": result if status == "succeeded" else None,
    } | more  # fmt: skip


class _Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def clock(self) -> float:
        return sum(self.pauses)


def _wait(api: StripeApi, polling: Polling | None = None, time: _Time | None = None) -> Any:
    time = time or _Time()
    run = ReportRun("frr_1", "balance.summary.1", "pending", False, 7, None, None)
    return wait_for(api, run, polling or Polling(), sleep=time.sleep, clock=time.clock)


def test_columns_and_interval_are_sent_as_stripe_takes_them(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(_run()))
    run = create_report_run(api, "balance.summary.1", _PARAMETERS)
    assert (run.id, run.status, run.result) == ("frr_1", "pending", None)
    assert server.asked[0].form == {
        "report_type": ["balance.summary.1"],
        "parameters[interval_start]": ["0"],
        "parameters[interval_end]": ["86400"],
        "parameters[columns][0]": ["net"],
        "parameters[columns][1]": ["currency"],
    }


def test_a_run_may_come_back_succeeded_at_once(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(_run("succeeded")))
    run = create_report_run(api, "balance.summary.1", _PARAMETERS)
    assert wait_for(api, run, Polling()).id == "file_1"
    assert len(server.asked) == 1, "there is nothing to ask again"


def test_a_lost_answer_is_asked_for_again_under_the_same_idempotency_key(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("POST", _RUNS, Answer(reset=True), Answer(_run()))
    create_report_run(api, "balance.summary.1", _PARAMETERS)
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)]
    assert len(keys) == 2
    assert keys[0] == keys[1], "another key would make a second report run"


def test_a_stored_500_is_left_behind_with_a_new_idempotency_key(
    api: StripeApi, server: ScriptedServer
) -> None:
    trouble = Answer(stripe_error("Sorry.", "api_error"), 500)
    server.answers("POST", _RUNS, trouble, trouble, Answer(_run()))
    assert create_report_run(api, "balance.summary.1", _PARAMETERS).id == "frr_1"
    keys = [asked.headers["Idempotency-Key"] for asked in server.asked_for("POST", _RUNS)]
    assert keys[0] == keys[1] != keys[2]


def test_lasting_trouble_ends_after_bounded_attempts(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("POST", _RUNS, Answer(stripe_error("Sorry.", "api_error"), 500))
    with pytest.raises(StripeRequestError, match="Stripe is in trouble"):
        create_report_run(api, "balance.summary.1", _PARAMETERS)
    assert len(server.asked) == 6, "three keys, each asked twice"


def test_two_runs_for_the_same_day_have_different_idempotency_keys(
    api: StripeApi, server: ScriptedServer
) -> None:
    server.answers("POST", _RUNS, Answer(_run()))
    create_report_run(api, "balance.summary.1", _PARAMETERS)
    create_report_run(api, "balance.summary.1", _PARAMETERS)
    keys = {asked.headers["Idempotency-Key"] for asked in server.asked}
    assert len(keys) == 2, "materializing again must ask for new data"


def test_pauses_grow_from_half_a_second_to_thirty(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", f"{_RUNS}/frr_1", *[Answer(_run())] * 14, Answer(_run("succeeded")))
    time = _Time()
    assert _wait(api, time=time).size == 3
    assert time.pauses[:4] == [0.5, 0.75, 1.125, 1.6875]
    assert time.pauses[-1] == 30


def test_failed_is_seen_at_once_with_stripes_text(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", f"{_RUNS}/frr_1", Answer(_run("failed", error="An internal error.")))
    with pytest.raises(ReportRunError, match=r"frr_1.*marked it failed: An internal error\.") as failed:
        _wait(api)
    assert failed.value.report_run == "frr_1"


def test_succeeded_without_a_result_is_not_taken_for_one(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", f"{_RUNS}/frr_1", Answer(_run("succeeded", result=None)))
    with pytest.raises(ReportRunError):
        _wait(api)


def test_a_run_that_stays_pending_ends_at_the_deadline(api: StripeApi, server: ScriptedServer) -> None:
    server.answers("GET", f"{_RUNS}/frr_1", Answer(_run()))
    time = _Time()
    with pytest.raises(ReportRunError, match="still pending after 60 s"):
        _wait(api, Polling(deadline=60), time)
    assert time.clock() == 60


@pytest.mark.parametrize("wrong", [{"initial": 0}, {"factor": 0.5}, {"longest": 0.1}, {"deadline": 0}])
def test_poll_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match="make no sense"):
        Polling(**wrong)


def test_a_real_run_is_made_and_waited_for(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    from datetime import UTC, datetime

    interval = day_interval(newest_complete_day(datetime.now(UTC)))
    columns = list(REPORT_TYPES["balance.summary.1"].columns)
    parameters = {"interval_start": interval.start, "interval_end": interval.end, "columns": columns}
    run = create_report_run(api, "balance.summary.1", parameters)
    result = wait_for(api, run, Polling(initial=0.02))
    assert result.size > 0
    assert result.id.startswith("file_")


def test_stripes_own_word_on_missing_data_is_told_as_such(sandbox: Sandbox) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base)
    with pytest.raises(DataNotAvailableError, match="only available starting at"):
        create_report_run(api, "balance.summary.1", {"interval_start": 86400, "interval_end": 172800})
