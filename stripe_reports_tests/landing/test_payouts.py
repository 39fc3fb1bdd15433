"""A report on payouts is asked for payout by payout, and lands as one table of the day."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES, newest_complete_day
from stripe_reports.lake import Csv, ExpectedColumns, Lake
from stripe_reports.landing import LandedDay, ReportRequest, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import fresh

_NEWEST = newest_complete_day(datetime.now(UTC))
_BY_ID = "payout_reconciliation.by_id.itemized.4"
_TABLE = REPORT_TYPES[_BY_ID].table
_PAYOUTS = "payouts.itemized.3"


def _land(
    account: Account, lake: Lake, id_: str, day: date, request: ReportRequest | None = None
) -> LandedDay:
    return land_day(REPORT_TYPES[id_], day, account=account, lake=lake, request=request, settings=fresh())


def _a_day(account: Account, lake: Lake, *, with_payouts: bool) -> date:
    for back in range(14):
        day = _NEWEST - timedelta(days=back)
        if bool(_land(account, lake, _PAYOUTS, day).table.rows) is with_payouts:
            return day
    pytest.fail("the sandbox has days with and without payouts within two weeks")


def _elsewhere(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "elsewhere"))


def test_each_payout_of_the_day_is_a_report_run_and_all_are_one_table(account: Account, lake: Lake) -> None:
    day = _a_day(account, lake, with_payouts=True)
    landed = _land(account, lake, _BY_ID, day)
    payouts = lake.read_table("payouts_itemized_3", [day])["payout_id"].to_pylist()
    table = lake.read_table(_TABLE, [day])
    assert len(landed.report_runs) == len(payouts) > 1
    assert table.column_names[0] == "payout_id"
    assert table["payout_id"].to_pylist() == table["automatic_payout_id"].to_pylist()
    assert set(table["payout_id"].to_pylist()) == set(payouts)
    assert lake.provenance(_TABLE, day)["report_run_id"] == ",".join(landed.report_runs)


def test_together_they_are_the_days_payout_reconciliation(account: Account, lake: Lake) -> None:
    day = _a_day(account, lake, with_payouts=True)
    _land(account, lake, _BY_ID, day)
    _land(account, lake, "payout_reconciliation.itemized.5", day)

    def rows(table: str) -> Counter[tuple[object, ...]]:
        columns = ["automatic_payout_id", "balance_transaction_id", "net"]
        return Counter(
            map(tuple, (row.values() for row in lake.read_table(table, [day], columns=columns).to_pylist()))
        )

    assert rows(_TABLE) == rows("payout_reconciliation_itemized_5")


def test_payouts_that_have_landed_are_not_asked_for_again(
    sandbox: Sandbox, account: Account, lake: Lake, tmp_path: Path
) -> None:
    day = _a_day(account, lake, with_payouts=True)
    before = sandbox.report_runs_created
    landed = _land(account, lake, _BY_ID, day)
    assert sandbox.report_runs_created - before == len(landed.report_runs)
    before = sandbox.report_runs_created
    asked = _land(account, _elsewhere(tmp_path), _BY_ID, day)
    assert sandbox.report_runs_created - before == len(asked.report_runs) + 1, "one more lists the payouts"
    assert asked.table.rows == landed.table.rows


def test_a_payout_that_stripe_does_not_report_on_is_left_out_and_told(account: Account, lake: Lake) -> None:
    day = _a_day(account, lake, with_payouts=True)
    whole = _land(account, lake, _BY_ID, day)
    provenance = lake.provenance("payouts_itemized_3", day)
    csv = b"".join(lake.kept_csv(provenance["csv_sha256"]))
    # One more payout in the list, which the server does not know.
    known = lake.read_table("payouts_itemized_3", [day])["payout_id"][0].as_py()
    more = csv + csv.split(b"\n")[1].replace(known.encode(), b"po_manual") + b"\n"
    lake.land(
        REPORT_TYPES[_PAYOUTS], day, [Csv([more])], expected=ExpectedColumns(), facts=_asked(provenance)
    )
    warnings: list[str] = []
    landed = land_day(
        REPORT_TYPES[_BY_ID], day, account=account, lake=lake, settings=fresh(), warn=warnings.append
    )
    assert landed.left_out_payouts == ("po_manual",)
    assert lake.provenance(_TABLE, day)["left_out_payouts"] == "po_manual"
    assert [line for line in warnings if "Stripe does not report on po_manual, it was left out" in line]
    assert landed.table.csv_sha256 == whole.table.csv_sha256
    assert "left_out_payouts" not in provenance
    assert whole.left_out_payouts == ()


def _asked(provenance: dict[str, str]) -> dict[str, str]:
    return {name: provenance[name] for name in ("parameters", "timezone")}


def test_a_landed_list_that_is_filtered_is_not_taken_for_all_payouts(
    account: Account, lake: Lake, tmp_path: Path
) -> None:
    day = _a_day(account, lake, with_payouts=True)
    whole = _land(account, lake, _BY_ID, day)
    elsewhere = _elsewhere(tmp_path)
    _land(account, elsewhere, _PAYOUTS, day, ReportRequest(parameters={"currency": "usd"}))
    assert _land(account, elsewhere, _BY_ID, day).table.rows == whole.table.rows


def test_a_day_without_payouts_is_an_empty_typed_table(account: Account, lake: Lake) -> None:
    day = _a_day(account, lake, with_payouts=False)
    landed = _land(account, lake, _BY_ID, day)
    table = lake.read_table(_TABLE, [day])
    assert (landed.report_runs, table.num_rows) == ((), 0)
    assert table.column_names[0] == "payout_id"
    assert str(table.schema.field("net").type) == "decimal128(38, 18)"


def test_a_summary_says_which_payout_its_rows_are_about(account: Account, lake: Lake) -> None:
    day = _a_day(account, lake, with_payouts=True)
    _land(account, lake, "payout_reconciliation.by_id.summary.1", day)
    table = lake.read_table("payout_reconciliation_by_id_summary_1", [day])
    payouts = lake.read_table("payouts_itemized_3", [day])["payout_id"].to_pylist()
    assert set(table["payout_id"].to_pylist()) == set(payouts)


_CONNECTED = "connected_account_payout_reconciliation.by_id.summary.1"
_CONNECTED_PAYOUTS = "connected_account_payouts.itemized.3"


def _connected_day(account: Account, lake: Lake) -> date:
    for back in range(14):
        day = _NEWEST - timedelta(days=back)
        if _land(account, lake, _CONNECTED_PAYOUTS, day).table.rows:
            return day
    pytest.fail("the sandbox has payouts of connected accounts within two weeks")


def test_payouts_of_connected_accounts_are_asked_for_with_their_account(account: Account, lake: Lake) -> None:
    day = _connected_day(account, lake)
    _land(account, lake, _CONNECTED, day)

    def pairs(id_: str) -> set[tuple[str, str]]:
        rows = lake.read_table(REPORT_TYPES[id_].table, [day]).to_pylist()
        return {(row["connected_account"], row["payout_id"]) for row in rows}

    assert pairs(_CONNECTED) == pairs(_CONNECTED_PAYOUTS)


def test_a_request_for_one_connected_account_reports_on_its_payouts_only(
    account: Account, lake: Lake
) -> None:
    day = _connected_day(account, lake)
    one = lake.read_table(REPORT_TYPES[_CONNECTED_PAYOUTS].table, [day])["connected_account"][0].as_py()
    _land(account, lake, _CONNECTED, day, ReportRequest(parameters={"connected_account": one}))
    table = lake.read_table(REPORT_TYPES[_CONNECTED].table, [day])
    assert set(table["connected_account"].to_pylist()) == {one}


@pytest.mark.slow
def test_a_landed_list_without_the_accounts_is_not_enough(account: Account, lake: Lake) -> None:
    day = _connected_day(account, lake)
    whole = _land(account, lake, _CONNECTED, day)
    columns = ["payout_id", "effective_at_utc", "reporting_category"]
    _land(account, lake, _CONNECTED_PAYOUTS, day, ReportRequest(columns=columns))
    assert _land(account, lake, _CONNECTED, day).table.rows == whole.table.rows
