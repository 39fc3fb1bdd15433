"""Faults in what a result holds."""

from __future__ import annotations

from datetime import date

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, Client, midnight

END = midnight(date(2025, 7, 2))
ACTIVITY = "balance_change_from_activity.itemized.3"
PAYOUTS = "payouts.itemized.3"
PAYOUT_COLUMNS = ("payout_id", "effective_at_utc", "net", "payout_status", "balance_transaction_id")
COLUMNS = ("balance_transaction_id", "currency", "gross", "net")


def test_header_only(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("header_only", count=1)
    empty, full = (asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS) for _ in range(2))
    assert empty.content == b'"balance_transaction_id","currency","gross","net"\n'
    assert full.rows
    assert full.header == empty.header


def test_an_extra_column_stands_at_the_end(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("extra_column", column="surprise", value='a "b", c', report_type="balance_change*")
    report = asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS)
    assert report.header == [*COLUMNS, "surprise"]
    assert {row["surprise"] for row in report.rows} == {'a "b", c'}
    assert "surprise" not in asking.report(PAYOUTS, END - DAY, END).header


def test_a_missing_column_is_the_last_or_the_named_one(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("missing_column", count=1)
    assert asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).header == list(COLUMNS[:-1])
    faulty.fault("missing_column", column="gross", count=1)
    assert asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).header == [
        c for c in COLUMNS if c != "gross"
    ]
    assert asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).header == list(COLUMNS)


def test_reordered_columns_keep_their_values(faulty: Sandbox, asking: Client) -> None:
    usual = asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS)
    faulty.fault("reordered")
    report = asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS)
    assert report.header == list(reversed(COLUMNS))
    assert report.rows == usual.rows


def test_an_unfit_value_stands_in_one_row_of_one_column(faulty: Sandbox, asking: Client) -> None:
    usual = asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).rows
    faulty.fault("unfit", count=1)
    assert asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).rows == [
        usual[0] | {"gross": "n/a"},
        *usual[1:],
    ]
    faulty.fault("unfit", column="net", row=3, value="1,00", count=1)
    rows = asking.report(ACTIVITY, END - DAY, END, columns=COLUMNS).rows
    assert rows == [*usual[:2], usual[2] | {"net": "1,00"}, *usual[3:]]


def test_a_restated_day_has_another_status_and_another_row(faulty: Sandbox, asking: Client) -> None:
    interval = END - 8 * DAY, END
    usual = asking.report(PAYOUTS, *interval, columns=PAYOUT_COLUMNS).rows
    day = usual[-1]["effective_at_utc"][:10]
    of_day = [row for row in usual if row["effective_at_utc"].startswith(day)]
    assert len(usual) > len(of_day), "other days are to stay as they are"
    faulty.fault("restated", day=day, status="canceled")
    rows = asking.report(PAYOUTS, *interval, columns=PAYOUT_COLUMNS).rows
    assert rows == asking.report(PAYOUTS, *interval, columns=PAYOUT_COLUMNS).rows
    new_id = ({row["payout_id"] for row in rows} - {row["payout_id"] for row in usual}).pop()
    flipped = of_day[0] | {"payout_status": "canceled"}
    new = [row for row in rows if row["payout_id"] == new_id]
    assert new == [
        flipped | {"payout_id": new_id, "balance_transaction_id": new[0]["balance_transaction_id"]}
    ]
    assert new[0]["balance_transaction_id"] not in {row["balance_transaction_id"] for row in usual}
    assert [row for row in rows if row not in new] == [flipped if r is of_day[0] else r for r in usual]


def test_a_restated_day_of_activity(faulty: Sandbox, asking: Client) -> None:
    columns = ("balance_transaction_id", "created_utc", "net")
    usual = asking.report(ACTIVITY, END - 2 * DAY, END, columns=columns).rows
    faulty.fault("restated", day=date(2025, 7, 1), rows=2)
    rows = asking.report(ACTIVITY, END - 2 * DAY, END, columns=columns).rows
    added = [row for row in rows if row not in usual]
    assert len(rows) == len(usual) + 2
    assert {row["created_utc"][:10] for row in added} == {"2025-07-01"}
    ids = {row["balance_transaction_id"] for row in rows}
    assert len(ids) == len(rows)
