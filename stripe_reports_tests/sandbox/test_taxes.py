"""The tax reports: what was charged contains the tax, and all of them tell the same about it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stripe_reports_tests.sandbox.every_type import SPRING, decimals_of, sums
from stripe_reports_tests.sandbox.support import DAY, Client, total

END = SPRING + 31 * DAY


def test_taxes(client: Client) -> None:
    lines = client.report("tax.transactions.itemized.1", SPRING, END).rows
    for row in lines:
        taxable, non_taxable = Decimal(row["taxable_amount"]), Decimal(row["non_taxable_amount"])
        assert taxable + non_taxable == Decimal(row["subtotal"])
        assert Decimal(row["subtotal"]) + Decimal(row["tax_amount"]) == Decimal(row["total"])
        due = taxable * Decimal(row["tax_rate"])
        unit = Decimal(1).scaleb(-decimals_of(row["subtotal"]))
        assert abs(due - Decimal(row["tax_amount"])) <= 2 * unit, row
        assert sum(
            Decimal(row[f"filing_{part}_amount"]) for part in ("taxable", "non_taxable", "tax")
        ) == Decimal(row["filing_total"])
        assert decimals_of(row["filing_exchange_rate"]) == 16
    assert {"0.190000", "0.081000", "0.010625", "0.000000"} < {row["tax_rate"] for row in lines}
    assert {row["jurisdiction_level"] for row in lines} == {"country", "state", "county", "city"}
    assert {row["type"] for row in lines} == {"transaction", "reversal"}
    assert {len({r["jurisdiction_name"] for r in lines if r["id"] == row["id"]}) for row in lines} == {
        1,
        2,
        3,
    }
    charges = client.report(
        "balance_change_from_activity.itemized.3",
        SPRING,
        END,
        columns=["currency", "gross"],
        reporting_category="charge",
    ).rows
    sales = [row for row in lines if row["type"] == "transaction"]
    subtotals = {(row["line_item_id"], row["currency"]): Decimal(row["subtotal"]) for row in sales}
    contained = total(sales, "tax_amount")
    for (_, currency), subtotal in subtotals.items():
        contained[currency] += subtotal
    assert contained == total(charges, "gross")


def test_all_tax_reports_tell_the_same(client: Client) -> None:
    first, second, export = (
        client.report(id_, SPRING, END).rows
        for id_ in ("tax.transactions.itemized.1", "tax.transactions.itemized.2", "tax.itemized_export.1")
    )
    same = (
        "line_item_id",
        "currency",
        "total",
        "tax_amount",
        "country_code",
        "jurisdiction_name",
        "tax_rate",
    )
    shown = [[[row[column] for column in same] for row in rows] for rows in (first, second, export)]
    assert shown[0] == shown[1] == shown[2]
    assert len({row["id"] for row in export}) == len(export)
    reversals = [row for row in export if row["type"] == "reversal"]
    assert all(row["reversal_original_tax_transaction_id"] for row in reversals)
    summary = client.report("tax.summarized_export.1", SPRING, END).rows
    by = ("country_code", "jurisdiction_level", "jurisdiction_name", "tax_rate")
    for kind, column, summed, sign in (
        ("transaction", "tax_amount", "total_tax_collected", 1),
        ("transaction", "subtotal", "total_sales", 1),
        ("transaction", "taxable_amount", "total_taxable_sales", 1),
        ("transaction", "non_taxable_amount", "total_nontaxable_sales", 1),
        ("reversal", "tax_amount", "total_tax_refunded", -1),
        ("reversal", "subtotal", "total_sales_refunded", -1),
    ):
        lines = [row for row in first if row["type"] == kind]
        expected = {key: sign * amount for key, amount in sums(lines, column, "currency", *by).items()}
        found = sums(summary, summed, "transaction_currency", *by)
        assert {key: amount for key, amount in found.items() if amount} == {
            key: amount for key, amount in expected.items() if amount
        }
        assert expected


@pytest.mark.parametrize(
    ("parameter", "value", "column"),
    [
        ("country", "CH", "country_code"),
        ("states][0", "NV", "state_code"),
        ("tax_type", "jct", "tax_type"),
        ("type", "reversal", "type"),
    ],
)
def test_tax_filters_keep_the_matching_rows(client: Client, parameter: str, value: str, column: str) -> None:
    everything = client.report("tax.itemized_export.1", SPRING, END).rows
    kept = client.report("tax.itemized_export.1", SPRING, END, **{parameter: value}).rows
    assert kept == [row for row in everything if row[column] == value]
    assert 0 < len(kept) < len(everything)


@pytest.mark.parametrize(
    ("parameter", "value"), [("taxable", "false"), ("is_eu_vat_moss", "true"), ("jurisdiction_key", "de")]
)
def test_tax_filters_on_what_is_not_printed(client: Client, parameter: str, value: str) -> None:
    kept = client.report("tax.itemized_export.1", SPRING, END, **{parameter: value}).rows
    assert kept
    match parameter:
        case "taxable":
            assert {Decimal(row["tax_amount"]) for row in kept} == {0}
        case "is_eu_vat_moss":
            assert {row["country_code"] for row in kept} == {"DE", "FR"}
        case _:
            assert {row["jurisdiction_name"] for row in kept} == {"Germany"}


def test_connected_accounts_have_taxes_of_their_own(client: Client) -> None:
    id_ = "connected_account_tax.transactions.itemized.2"
    everything = client.report(id_, SPRING, END).rows
    accounts = {row["connected_account"] for row in everything}
    assert len(accounts) == 3
    own = {row["id"] for row in client.report("tax.transactions.itemized.2", SPRING, END).rows}
    assert not own & {row["id"] for row in everything}
    for account in accounts:
        kept = client.report(id_, SPRING, END, connected_account=account).rows
        assert kept == [row for row in everything if row["connected_account"] == account]
