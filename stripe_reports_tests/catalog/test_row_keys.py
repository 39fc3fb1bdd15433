"""What tells the rows of a report apart, and whether Stripe changes them after the fact."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import REPORT_TYPES, dimensions, id_candidates, unlisted_report_type


@pytest.mark.parametrize(
    "id_",
    [
        "payouts.itemized.3",
        "payouts.summary.1",
        "connected_account_payouts.itemized.3",
        "payout_reconciliation.itemized.5",
        "payout_reconciliation.by_id.summary.1",
        "connected_account_payout_reconciliation.by_id.itemized.4",
        "failed_payouts.itemized.2",
        "ending_balance_reconciliation.itemized.4",
        "connected_account_ending_balance_reconciliation.summary.1",
        "connect.negative_balance_refunds_disputes_overview.1",
        "tax.transactions.itemized.2",
        "connected_account_tax.transactions.itemized.2",
        "all_fees.incurred_at.itemized.2",
        "card_payments_fees.transaction_level.2",
        "connect_card_payments_fees.plan_level.1",
        "revenue_recognition.debit_credit_summary.1",
    ],
)
def test_rows_of_payouts_reconciliations_disputes_tax_fees_and_revenue_change(id_: str) -> None:
    assert REPORT_TYPES[id_].rows_change


@pytest.mark.parametrize(
    "id_",
    [
        "balance_change_from_activity.itemized.3",
        "activity.itemized.3",
        "connected_account_balance_change_from_activity.itemized.3",
    ],
)
def test_rows_of_the_activity_are_filled_in_later(id_: str) -> None:
    assert REPORT_TYPES[id_].rows_change


@pytest.mark.parametrize(
    "id_",
    [
        "balance.summary.1",
        "balance_change_from_activity.summary.1",
        "activity.summary.1",
        "connected_account_balance.summary.1",
        "connected_account_balance_change_from_activity.summary.1",
        "connected_account_financial_account_balance.summary.1",
        "apps.churn_rate.1",
        "treasury_fees.administrative_facilitation_fee",
    ],
)
def test_sums_of_amounts_that_never_change_do_not_either(id_: str) -> None:
    assert not REPORT_TYPES[id_].rows_change


def test_a_later_version_changes_as_the_known_ones_do() -> None:
    assert unlisted_report_type("payouts.itemized.9").rows_change
    assert not unlisted_report_type("balance.summary.9").rows_change


def _candidates(id_: str) -> list[tuple[str, ...]]:
    return list(id_candidates(REPORT_TYPES[id_], REPORT_TYPES[id_].columns))


@pytest.mark.parametrize("id_", [id_ for id_, each in REPORT_TYPES.items() if "itemized" in each.granularity])
def test_an_itemized_row_has_an_id_that_the_catalog_knows_as_never_null(id_: str) -> None:
    report_type = REPORT_TYPES[id_]
    if report_type.family == "fees" or not report_type.columns:
        assert _candidates(id_) == []
    else:
        (column,) = _candidates(id_)[0]
        assert column == ("id" if "tax" in id_ else "balance_transaction_id")
        assert column == "id" or column in report_type.never_null


def test_a_payout_is_known_by_its_balance_transaction_before_its_own_id_which_comes_back_when_it_fails() -> (
    None
):
    assert _candidates("payouts.itemized.3") == [
        ("balance_transaction_id",),
        ("payout_id",),
        ("payout_id", "reporting_category"),
    ]


def test_a_line_of_tax_is_known_by_ever_more_of_what_it_is_about() -> None:
    assert _candidates("tax.transactions.itemized.2") == [
        ("id",),
        ("id", "line_item_id"),
        ("id", "line_item_id", "jurisdiction_level"),
        ("id", "line_item_id", "jurisdiction_level", "jurisdiction_name"),
        ("id", "line_item_id", "jurisdiction_level", "jurisdiction_name", "tax_name"),
    ]


@pytest.mark.parametrize(
    "id_", ["all_fees.incurred_at.itemized.2", "connect_card_payments_fees.transaction_level.1"]
)
def test_nothing_identifies_a_line_of_fees(id_: str) -> None:
    assert _candidates(id_) == []
    assert dimensions(REPORT_TYPES[id_], REPORT_TYPES[id_].columns) == ()


@pytest.mark.parametrize(
    ("id_", "columns"),
    [
        ("payouts.summary.1", ("reporting_category", "currency")),
        (
            "revenue_recognition.debit_credit_by_product.1",
            (
                "accounting_period",
                "currency",
                "product_id",
                "debit",
                "credit",
                "credit_gl_code",
                "debit_gl_code",
            ),
        ),
    ],
)
def test_a_sum_is_known_by_all_that_is_no_measure_and_never_by_an_id_alone(
    id_: str, columns: tuple[str, ...]
) -> None:
    assert dimensions(REPORT_TYPES[id_], REPORT_TYPES[id_].columns) == columns
    assert _candidates(id_) == []
