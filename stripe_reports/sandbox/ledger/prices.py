"""The prices and fees, and the amounts that customers abroad see."""

from __future__ import annotations

from random import Random

from stripe_reports.sandbox.ledger.money import CURRENCIES, decimals
from stripe_reports.sandbox.ledger.transaction import CustomerFacing

_SHARES = {"usd": 50, "eur": 28, "jpy": 13, "kwd": 9}
_UNITS_PER_DOLLAR = {"usd": 1, "eur": 1, "jpy": 150, "kwd": 1}
_ABROAD = (("gbp", 0.79), ("cad", 1.37), ("krw", 1380.0), ("bhd", 0.377))


def some_currency(rng: Random) -> str:
    """Return a random settlement currency, the large ones more often."""
    return rng.choices(CURRENCIES, [_SHARES[currency] for currency in CURRENCIES])[0]


def dollars(amount: float, currency: str) -> int:
    """Return about that many dollars in minor units of the currency."""
    minor_per_unit: int = 10 ** decimals(currency)
    return round(amount * _UNITS_PER_DOLLAR[currency] * minor_per_unit)


def some_price(rng: Random, currency: str) -> int:
    """Return a random price from about 3 to about 400 dollars, small ones more often."""
    return max(1, dollars(3 * 130 ** rng.random(), currency) + rng.randrange(10 ** decimals(currency)))


def stripe_fee(gross: int, currency: str) -> int:
    """Return a fee of 2.9 % and a fixed part."""
    return gross * 29 // 1000 + dollars(0.3, currency)


def customer_facing(rng: Random, gross: int, currency: str) -> CustomerFacing:
    """Return the price in the customer's currency, which sometimes differs from the settlement currency."""
    if currency != "usd" or rng.random() > 0.1:
        return CustomerFacing(gross, currency)
    abroad, rate = rng.choice(_ABROAD)
    return CustomerFacing(round(gross * rate * 10 ** decimals(abroad) / 10 ** decimals(currency)), abroad)


def usual_volume(rows: int, currency: str) -> int:
    """Return an amount above the income of a day with that many rows, in minor units of the currency."""
    return dollars(200 * (rows * _SHARES[currency] / 100 + 3), currency)
