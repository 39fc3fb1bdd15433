"""A column's name decides its type and whether it may hold personal data."""

from __future__ import annotations

import pytest

from stripe_reports.catalog import PersonalData, column_type, personal_data
from stripe_reports.catalog._data import columns_data
from stripe_reports.catalog.columns import _ENDINGS

_KNOWN = columns_data()


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
