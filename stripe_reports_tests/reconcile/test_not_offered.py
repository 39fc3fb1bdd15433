"""An account without some reports: what is left is reconciled, and what is not proven is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from stripe_reports.catalog import select_report_types
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake, OfferedReports
from stripe_reports.landing import Backfill
from stripe_reports.reconcile import IDENTITIES, Selected, Verdict, reconcile
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.core_lake import days_of
from stripe_reports_tests.landing.support import Ended, account_of, quick, run
from stripe_reports_tests.reconcile.hand_made import COLUMNS
from stripe_reports_tests.reconcile.support import ALL, of

_DAYS = days_of(date(2025, 1, 21), 2)
_CORE = list(COLUMNS)
_PAID = "payout_reconciliation_itemized_5"


def _land(lake: Lake, *not_offered: str) -> Ended:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=20, not_offered=not_offered) as sandbox:
        asked = dict.fromkeys(select_report_types("core"), _DAYS)
        settings = quick(max_runs_in_flight=24)
        return run(Backfill(asked, account=account_of(sandbox), lake=lake, settings=settings))


def _document(lake: Lake) -> Path:
    return Path(lake.root, "_account", "report_types.json")


def test_what_the_account_does_not_offer_fails_alone_and_is_not_reconciled(lake: Lake) -> None:
    ended = _land(lake, "payout_reconciliation.*")
    assert {each.report_type.table for each in ended.landed} == {
        table for table in _CORE if not table.startswith("payout_reconciliation")
    }
    said = ended.errors[_DAYS[0]]
    assert said.startswith(
        f"payout_reconciliation.itemized.5 {_DAYS[0]}: this account does not offer this report type"
    )
    assert "Remove it from select (STRIPE_REPORTS_SELECT)" in said
    found = [each for each in reconcile(lake, _DAYS, tables=_CORE) if each.day == _DAYS[1]]
    silent = of(found, Verdict.NOT_APPLICABLE)
    assert [each.identity for each in silent] == [
        "each_payout_is_explained",
        "paid_out_matches_payouts",
        "nothing_lost_between_days",
    ]
    assert {each.reason for each in silent} == {
        "payout_reconciliation.itemized is not offered by this account"
    }
    assert {each.verdict for each in found if each not in silent} == {Verdict.HOLDS}
    told = Selected.of(lake, _CORE).not_proven(IDENTITIES.values())
    assert told == (
        "this account does not offer payout_reconciliation.itemized, payout_reconciliation.summary; "
        "so each_payout_is_explained, paid_out_matches_payouts, nothing_lost_between_days are not proven; "
        "rows_in_their_day, net_is_gross_less_fee, summaries_match_rows say nothing of these reports"
    )


def test_where_all_is_offered_nothing_is_said(lake: Lake) -> None:
    OfferedReports(lake).keep(each.id for each in select_report_types("all"))
    assert Selected.of(lake, _CORE).not_proven(IDENTITIES.values()) == ""
    assert list(Selected.of(lake, _CORE).tables.values()) == _CORE


def test_before_it_is_known_what_is_offered_all_is_missing(lake: Lake) -> None:
    found = list(reconcile(lake, _DAYS[:1], tables=_CORE))
    assert [(each.identity, each.verdict) for each in found] == [(name, Verdict.MISSING) for name in ALL]


def test_what_was_offered_once_is_missing_where_it_lacks(lake: Lake) -> None:
    """A report that lands no more is no report that the account never had."""
    _land(lake)
    Path(lake.uri(_PAID, _DAYS[1])).unlink()
    OfferedReports(lake).keep(["balance.summary.1"])
    missing = of(reconcile(lake, _DAYS, tables=_CORE), Verdict.MISSING)
    assert {(each.identity, each.day) for each in missing} >= {
        ("paid_out_matches_payouts", _DAYS[1]),
        ("each_payout_is_explained", _DAYS[1]),
    }


def test_another_version_that_is_offered_takes_the_place_of_the_usual_one(lake: Lake) -> None:
    OfferedReports(lake).keep(["payouts.itemized.2"])
    selected = Selected.of(lake, ["payouts_itemized_3", "payouts_itemized_2"])
    assert (list(selected.tables.values()), selected.not_offered) == (["payouts_itemized_2"], {})


def test_it_is_written_once_and_again_when_it_changes(lake: Lake) -> None:
    OfferedReports(lake).keep(["b.1", "a.1"])
    written = _document(lake).stat().st_ino
    OfferedReports(lake).keep(["a.1", "b.1"])
    assert _document(lake).stat().st_ino == written
    OfferedReports(lake).keep(["a.1"])
    assert OfferedReports(lake).lacks(["a_1", "b_1"]) == ["b_1"]


@pytest.mark.parametrize("body", ["{", "[]", '{"format": 1}', '{"report_types": 5}', '{"report_types": [5]}'])
def test_a_damaged_document_is_said_to_be_so(lake: Lake, body: str) -> None:
    OfferedReports(lake).keep(["a.1"])
    _document(lake).write_text(body)
    with pytest.raises(LakeError, match=r"report_types.json is damaged"):
        Selected.of(lake, _CORE)
