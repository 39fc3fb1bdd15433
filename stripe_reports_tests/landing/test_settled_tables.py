"""Days of another time zone, or with other filters, do not land in a table that has days already."""

from __future__ import annotations

from datetime import date

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, ReportRequest
from stripe_reports.reconcile import Verdict, chain, reconcile
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.core_lake import days_of, land
from stripe_reports_tests.landing.support import Ended, account_of, files_of, quick, run

_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_DAYS = days_of(date(2025, 3, 3), 4)
_EUR = ReportRequest(parameters={"currency": "eur"})
_NEW_YORK = "America/New_York"


def _land(account: Account, lake: Lake, *days: date, timezone: str = "UTC", **more: ReportRequest) -> Ended:
    requests = {_BALANCE.id: more["balance"]} if more else None
    asked = {_BALANCE: list(days), _ACTIVITY: list(days)}
    return run(
        Backfill(asked, account=account, lake=lake, timezone=timezone, requests=requests, settings=quick())
    )


def test_a_lake_whose_time_zone_changes_is_refused_before_a_report_run_is_made(lake: Lake) -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        account = account_of(sandbox)
        assert len(_land(account, lake, *_DAYS[:2]).landed) == 4
        before, made = files_of(lake), sandbox.report_runs_created
        ended = _land(account, lake, *_DAYS[2:], timezone=_NEW_YORK)
        assert sandbox.report_runs_created == made
    assert not ended.landed
    assert len(ended.failed) == 4
    assert files_of(lake) == before
    said = ended.errors[_DAYS[2]]
    assert "has days in UTC, no filters, and this run has days in America/New_York, no filters" in said


def test_a_filter_that_changes_is_refused_for_its_report_alone(lake: Lake) -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        account = account_of(sandbox)
        _land(account, lake, _DAYS[0])
        ended = _land(account, lake, _DAYS[1], balance=_EUR)
    assert [each.report_type for each in ended.landed] == [_ACTIVITY]
    assert [each.report_type for each in ended.failed] == [_BALANCE]
    assert "this run has days in UTC, filtered by currency eur" in ended.errors[_DAYS[1]]


def test_other_columns_are_no_other_table(lake: Lake) -> None:
    few = ReportRequest(columns=["category", "currency", "net_amount"])
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        account = account_of(sandbox)
        _land(account, lake, _DAYS[0])
        assert not _land(account, lake, _DAYS[1], balance=few).failed


def test_a_day_whose_data_are_not_there_settles_nothing(lake: Lake) -> None:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        account = account_of(sandbox)
        assert len(_land(account, lake, date(2999, 1, 1)).failed) == 2
        assert not _land(account, lake, _DAYS[0], timezone=_NEW_YORK).failed


def test_in_a_lake_that_mixes_zones_already_the_books_name_both(lake: Lake) -> None:
    """One that an older version landed."""
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20) as sandbox:
        land(lake, sandbox, _DAYS[:2])
        other = Lake.open(f"{lake.root}-other")
        land(other, sandbox, _DAYS[2:], timezone=_NEW_YORK)
    for table in other.tables():
        for day in _DAYS[2:]:
            with other.open_file(table, day) as file:
                rows = file.read()
            facts = other.provenance(table, day)
            lake.derived.put(table, day, rows, made_from="a test", facts=facts)
    found = list(reconcile(lake, _DAYS, timezone=_NEW_YORK))
    assert {each.verdict for each in found if each.day in _DAYS[:2]} == {Verdict.MISSING}
    assert not [each for each in found if each.verdict is Verdict.BROKEN]
    (first,) = [each for each in found if (each.identity, each.day) == ("balance_adds_up", _DAYS[0])]
    assert first.reason == (
        f"balance_summary_1 of {_DAYS[0]} is a day in UTC, and the days asked for are in {_NEW_YORK}"
    )
    (link,) = [each for each in found if (each.identity, each.day) == ("balance_continues", _DAYS[2])]
    assert (link.verdict, f"{_DAYS[1]} is a day in UTC" in link.reason) == (Verdict.MISSING, True)
    (linked, *_) = [each for each in found if (each.identity, each.day) == ("balance_continues", _DAYS[3])]
    assert linked.verdict is Verdict.HOLDS
    links = chain(lake, timezone=_NEW_YORK)
    assert (links.days, links.links, links.of_other_zones) == (2, 1, tuple(_DAYS[:2]))
    assert not links.broken
