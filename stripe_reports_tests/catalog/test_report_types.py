"""The catalog holds every report type that Stripe documents, as typed facts."""

import re

import pytest

from stripe_reports.catalog import REPORT_TYPES, ColumnType, ReportType, column_type, unlisted_report_type
from stripe_reports.errors import UnknownReportTypeError


def test_the_catalog_holds_94_report_types() -> None:
    assert len(REPORT_TYPES) == 94


def test_a_report_type_is_found_by_its_id() -> None:
    balance = REPORT_TYPES["balance.summary.1"]
    assert balance.table == "balance_summary_1"
    assert balance.interval == "range"
    assert balance.columns == ("category", "description", "net_amount", "currency")


def test_an_unknown_id_names_the_nearest_ones() -> None:
    with pytest.raises(
        UnknownReportTypeError, match=r"'payout\.itemized\.3'; did you mean 'payouts\.itemized\.3'"
    ):
        REPORT_TYPES["payout.itemized.3"]


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_every_report_type_is_complete_in_itself(report_type: ReportType) -> None:
    required = set(report_type.required_parameters)
    assert (report_type.interval == "range") == ("interval_start" in required)
    assert (report_type.interval == "payout") == ("payout" in required)
    assert "interval_end" in required or report_type.interval == "payout"
    assert re.fullmatch(r"[a-z0-9_]+", report_type.table)
    assert re.fullmatch(r"[A-Za-z0-9_]+", report_type.group), "Dagster refuses other group names"
    assert len(set(report_type.columns)) == len(report_type.columns)
    assert not any("[" in name for name in report_type.columns), "metadata columns are kept apart"
    assert set(report_type.default_columns or ()) <= set(report_type.columns)
    assert set(report_type.never_null) <= set(report_type.columns)
    if report_type.day_column:
        assert report_type.day_column in report_type.columns


def test_every_report_type_says_in_two_sentences_what_it_is_for_and_what_a_row_is() -> None:
    for id_, report_type in REPORT_TYPES.items():
        assert re.match(r"(Answers|Gives|Lists|Shows) ", report_type.purpose), id_
        assert report_type.row.startswith("One row is "), id_
        for text in (report_type.purpose, report_type.row):
            assert text.endswith("."), id_
            assert ". " not in text, f"{id_}: {text!r} is more than a sentence"


def test_only_versions_of_one_report_are_for_the_same() -> None:
    reports = {id_: re.sub(r"\.[0-9]+$", "", id_) for id_ in REPORT_TYPES}
    texts = {(reports[id_], each.purpose, each.row) for id_, each in REPORT_TYPES.items()}
    assert len(texts) == len(set(reports.values()))
    assert len({purpose for _, purpose, _ in texts}) == len(texts)


def test_what_a_report_is_for_is_known_of_a_later_version_and_not_of_a_new_report() -> None:
    later, new = unlisted_report_type("payouts.itemized.99"), unlisted_report_type("brand.new.1")
    assert later.purpose == REPORT_TYPES["payouts.itemized.3"].purpose
    assert (new.purpose, new.row) == ("", "")


def test_no_two_report_types_share_a_table() -> None:
    assert len({report_type.table for report_type in REPORT_TYPES.values()}) == len(REPORT_TYPES)


def test_intervals_follow_what_a_report_type_takes() -> None:
    kinds = [report_type.interval for report_type in REPORT_TYPES.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"range": 73, "as_of_end": 11, "payout": 10}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("net", ColumnType.DECIMAL),
        ("count", ColumnType.INTEGER),
        ("quantity", ColumnType.DECIMAL),
        ("quantity_decimal", ColumnType.DECIMAL),
        ("created_utc", ColumnType.TIMESTAMP_UTC),
        ("created", ColumnType.TIMESTAMP),
        ("booked_date", ColumnType.DATE),
        ("is_link", ColumnType.BOOLEAN),
        ("description", ColumnType.STRING),
        ("payment_metadata[net]", ColumnType.STRING),
        ("something_new", ColumnType.STRING),
    ],
)
def test_a_columns_name_decides_its_type(name: str, kind: ColumnType) -> None:
    assert column_type(name) is kind
