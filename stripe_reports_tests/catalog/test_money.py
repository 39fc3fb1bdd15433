"""Amounts are as exact as the lake keeps them, and are never rounded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.catalog import amount_text, as_decimal, as_text, currency_digits, minor_units, units

_AMOUNTS = st.integers(-(10**38) + 1, 10**38 - 1)


@given(_AMOUNTS, st.sampled_from(["usd", "jpy", "kwd"]))
def test_an_amount_survives_its_text_and_its_decimal(amount: int, currency: str) -> None:
    assert units(Decimal(as_text(amount, currency))) == amount
    assert units(as_decimal(amount)) == amount
    assert Decimal(amount_text(as_decimal(amount))) == as_decimal(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234.5", "usd", "1234.50"),
        ("-0.05", "usd", "-0.05"),
        ("0", "usd", "0.00"),
        ("100", "jpy", "100"),
        ("-1.5", "kwd", "-1.500"),
        ("0.005991", "usd", "0.005991"),
        ("0.5", "jpy", "0.5"),
        ("20.000000000000000001", "usd", "20.000000000000000001"),
    ],
)
def test_a_text_has_the_digits_of_its_currency_and_more_where_the_amount_has_more(
    amount: str, currency: str, text: str
) -> None:
    assert as_text(units(Decimal(amount)), currency) == text


def test_minor_units_are_whole_or_none() -> None:
    assert minor_units(units(Decimal("-12.34")), "usd") == -1234
    assert minor_units(units(Decimal("12")), "jpy") == 12
    assert minor_units(units(Decimal("1.234")), "kwd") == 1234
    assert minor_units(units(Decimal("0.005")), "usd") is None
    assert [currency_digits(each) for each in ("usd", "jpy", "kwd")] == [2, 0, 3]


def test_a_null_is_nothing() -> None:
    assert units(None) == 0


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("471.00", "jpy", "471"),
        ("471.5", "jpy", "471.5"),
        ("10.5", "usd", "10.50"),
        ("-0.00", "usd", "0.00"),
        ("1.2345", "kwd", "1.2345"),
        ("12", "kwd", "12.000"),
        ("-1200", "usd", "-1200.00"),
        ("1200.00", "", "1200"),
        ("-0.0", "", "0"),
    ],
)
def test_an_amount_has_the_digits_of_its_currency_and_is_never_rounded(
    amount: str, currency: str, text: str
) -> None:
    assert amount_text(Decimal(amount), currency) == text
