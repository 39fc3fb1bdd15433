"""A column's name decides its type, whether it may hold personal data, and what it means in a report type."""

from __future__ import annotations

import re

import pytest

from stripe_reports.catalog import (
    REPORT_TYPES,
    ColumnType,
    PersonalData,
    ReportType,
    column_description,
    column_type,
    personal_data,
)
from stripe_reports.catalog._data import columns_data
from stripe_reports.catalog.columns import _ENDINGS

_KNOWN = columns_data()
_VALUES = {"total"}
"""Values that descriptions name and that are also the name of a column."""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("customer_email", "email"),
        ("customer_name", "name"),
        ("connected_account_name", "name"),
        ("business_name", "name"),
        ("customer_tax_id", "tax_id"),
        ("card_address_postal_code", "address"),
        ("destination_resolved_address_city", "address"),
        ("customer_description", "free_text"),
        ("statement_descriptor", "free_text"),
        ("payment_metadata[order_id]", "metadata"),
        ("payment_metadata_Ext_Id_0af2296f", "metadata"),
        ("refund_metadata[customer_email]", "metadata"),
    ],
)
def test_a_column_that_may_say_who_somebody_is_has_a_class(name: str, kind: str) -> None:
    assert personal_data(name) is PersonalData(kind)


@pytest.mark.parametrize(
    "name",
    [
        "customer_id",
        "charge_id",
        "trace_id",
        "invoice_number",
        "card_address_country",
        "customer_address_state",
        "jurisdiction_name",
        "bin",
        "card_brand",
        "dispute_reason",
        "plan_name",
        "fee_description",
        "feature_name",
        "customer_facing_amount",
    ],
)
def test_ids_coarse_places_and_the_texts_of_stripe_have_none(name: str) -> None:
    assert name in _KNOWN
    assert personal_data(name) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("recipient_email", "email"),
        ("payer_name", "name"),
        ("payer_address_line1", "address"),
        ("payer_address_country", None),
        ("username", None),
        ("something_new", None),
    ],
)
def test_a_column_that_the_catalog_does_not_know_is_judged_by_the_end_of_its_name(
    name: str, kind: str | None
) -> None:
    assert name not in _KNOWN
    assert personal_data(name) == kind


def test_every_class_of_the_catalog_is_that_of_the_end_of_the_name() -> None:
    for name, facts in _KNOWN.items():
        if "pii" in facts and facts["pii"] != "metadata":
            ends = {kind for end, kind in _ENDINGS.items() if name == end or name.endswith(f"_{end}")}
            assert ends == {facts["pii"]}, name


def test_amounts_and_times_hold_no_personal_data() -> None:
    assert {column_type(name) for name in _KNOWN if personal_data(name)} == {"string"}


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_every_column_of_a_report_type_has_a_short_sentence_of_its_own(report_type: ReportType) -> None:
    names = (*report_type.columns, *(f"{prefix}[key]" for prefix in report_type.metadata_columns))
    texts = {name: column_description(name, report_type.id) for name in names}
    for name, text in texts.items():
        assert text.endswith("."), name
        assert 20 <= len(text) <= 240, f"{name}: {len(text)}"
        assert len(re.findall(r"\w+", text)) >= 4, f"{name}: {text!r} says nothing"
    assert len(set(texts.values())) == len(texts), "two columns have the same description"


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_a_description_names_the_unit_of_a_decimal_and_the_zone_of_a_time(report_type: ReportType) -> None:
    for name in report_type.columns:
        text = column_description(name, report_type.id)
        match column_type(name):
            case ColumnType.DECIMAL:
                assert re.search(r"currency|percent|rate|Number of units", text, re.IGNORECASE), (name, text)
            case ColumnType.TIMESTAMP:
                zones = ("In the time zone of the report run, UTC by default.", "In UTC.")
                assert text.endswith(zones), (name, text)
            case ColumnType.TIMESTAMP_UTC:
                assert text.endswith("In UTC."), (name, text)


@pytest.mark.parametrize("report_type", REPORT_TYPES.values(), ids=lambda t: t.id)
def test_a_description_refers_to_columns_of_the_same_report_type(report_type: ReportType) -> None:
    for name in report_type.columns:
        named = re.findall(r"`(\w+)`", column_description(name, report_type.id))
        missing = {each for each in named if each in _KNOWN} - {*report_type.columns, *_VALUES}
        assert not missing or not report_type.columns_complete, f"{name} refers to {missing}"


@pytest.mark.parametrize(
    ("name", "report_type", "says"),
    [
        ("fee", "balance_change_from_activity.itemized.3", "Positive is a cost"),
        ("fee", "balance_change_from_activity.summary.1", "Negative is a cost"),
        ("fee", "treasury_fees.administrative_facilitation_fee", "Positive is income"),
        ("net_amount", "balance.summary.1", "money that went to the bank is negative"),
        ("net", "payouts.itemized.3", "Positive went to the bank"),
        ("net", "connected_account_payouts.summary.1", "Positive went to the bank"),
        ("net", "payout_reconciliation.itemized.5", "Positive raises the balance"),
        ("payment_metadata[order_id]", "payout_reconciliation.itemized.5", "metadata of the payment intent"),
    ],
)
def test_the_sign_of_an_amount_is_that_of_the_report_type(name: str, report_type: str, says: str) -> None:
    assert says in column_description(name, report_type)


def test_a_column_that_the_catalog_does_not_know_has_no_description() -> None:
    assert column_description("something_new", "payouts.itemized.3") == ""


def test_every_specific_description_is_that_of_some_report_type() -> None:
    used = {column_description(name, each.id) for each in REPORT_TYPES.values() for name in each.columns}
    written = {text for facts in _KNOWN.values() for text in facts.get("descriptions", {}).values()}
    assert written <= used
