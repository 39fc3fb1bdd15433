"""Report types are selected by id, by glob and by preset."""

import pytest

from stripe_reports.catalog import PRESETS, REPORT_TYPES, select_report_types
from stripe_reports.errors import UnknownReportTypeError


def _ids(select: str | list[str]) -> list[str]:
    return [report_type.id for report_type in select_report_types(select)]


def test_core_is_the_nine_reports_that_check_each_other() -> None:
    assert _ids("core") == [
        "balance.summary.1",
        "balance_change_from_activity.summary.1",
        "balance_change_from_activity.itemized.3",
        "payouts.summary.1",
        "payouts.itemized.3",
        "payout_reconciliation.summary.1",
        "payout_reconciliation.itemized.5",
        "ending_balance_reconciliation.summary.1",
        "ending_balance_reconciliation.itemized.4",
    ]


def test_all_is_everything() -> None:
    assert _ids("all") == list(REPORT_TYPES)


def test_a_glob_selects_by_id() -> None:
    assert _ids("payouts.*") == [id_ for id_ in REPORT_TYPES if id_.startswith("payouts.")]


def test_parts_may_be_mixed_and_each_report_type_comes_once() -> None:
    assert _ids("payouts.summary.1, payouts.summary.* core")[:2] == ["payouts.summary.1", "payouts.summary.2"]
    assert len(_ids(["core", "core", "payouts.summary.1"])) == 9


@pytest.mark.parametrize("preset", [p for p in PRESETS if p not in ("core", "all")])
def test_other_presets_hold_the_latest_version_of_their_reports(preset: str) -> None:
    selected = select_report_types(preset)
    assert selected
    assert all(report_type.latest_known for report_type in selected)


@pytest.mark.parametrize(
    ("select", "hint"),
    [
        ("balance.sumary.1", "did you mean 'balance.summary.1'"),
        ("cor", "did you mean 'core'"),
        ("payoutz.*", r"did you mean 'payouts.\*'"),
        ("zzz", "presets are core, connect, tax, fees, revenue_recognition, apps, all"),
        ("", "no report type is selected"),
        (" , ", "no report type is selected"),
    ],
)
def test_what_matches_nothing_is_refused_with_a_hint(select: str, hint: str) -> None:
    with pytest.raises(UnknownReportTypeError, match=hint):
        select_report_types(select)


@pytest.mark.parametrize(
    "id_", ["payouts.itemized.9", "issuing.transactions.itemized.1", "brand_new.report.1"]
)
def test_an_id_that_the_catalog_does_not_know_is_taken_as_the_account_offers_it(id_: str) -> None:
    (report_type,) = select_report_types(id_)
    assert report_type.id == id_
    assert not report_type.listed


def test_a_later_version_is_like_the_newest_known_one() -> None:
    (later,) = select_report_types("ending_balance_reconciliation.itemized.9")
    known = REPORT_TYPES["ending_balance_reconciliation.itemized.4"]
    assert (later.interval, later.columns, later.version) == (known.interval, known.columns, 9)
    assert not later.columns_complete


def test_what_looks_like_a_slip_can_be_meant() -> None:
    with pytest.raises(UnknownReportTypeError, match=r"write '=balance\.sumary\.1'"):
        select_report_types("balance.sumary.1")
    assert _ids("=balance.sumary.1") == ["balance.sumary.1"]


@pytest.mark.parametrize(
    "part", ["=../../etc", "../../etc", "Balance.Summary.1", "=balance.summary", "a/b.1"]
)
def test_a_hint_names_only_what_would_be_taken(part: str) -> None:
    with pytest.raises(UnknownReportTypeError) as caught:
        select_report_types(part)
    assert "write '=" not in str(caught.value)
