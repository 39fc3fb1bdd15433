"""The places where customers are taxed, and their jurisdictions."""

from __future__ import annotations

from dataclasses import dataclass

RATE_SCALE = 6
"""The unit of tax rates, which are whole millionths."""


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A tax jurisdiction; `rate` is in millionths, and 0 if the merchant does not collect the tax."""

    key: str
    level: str
    name: str
    tax_type: str
    tax_name: str
    rate: int


@dataclass(frozen=True, slots=True)
class Place:
    """An address and its jurisdictions; taxes are filed in `filing_currency`."""

    country: str
    state: str | None
    city: str
    postal_code: str | None
    filing_currency: str
    is_eu: bool
    jurisdictions: tuple[Jurisdiction, ...]


def _vat(country: str, name: str, rate: int, *, type_: str = "vat", tax_name: str = "VAT") -> Jurisdiction:
    return Jurisdiction(country.lower(), "country", name, type_, tax_name, rate)


def _us(level: str, name: str, rate: int) -> Jurisdiction:
    key = f"us-{level}-{name.lower().replace(' ', '-')}"
    return Jurisdiction(key, level, name, "sales_tax", "Sales Tax", rate)


PLACES = (
    Place("DE", None, "Beispielstadt", "01234", "eur", True, (_vat("DE", "Germany", 190_000),)),
    Place("FR", None, "Exempleville", "00001", "eur", True, (_vat("FR", "France", 200_000),)),
    Place("CH", "BE", "Musterlingen", "0042", "chf", False, (_vat("CH", "Switzerland", 81_000),)),
    Place(
        "JP", "見本県", "見本市", "100-0001", "jpy", False,
        (_vat("JP", "Japan", 100_000, type_="jct", tax_name="消費税"),),
    ),
    Place(
        "US", "CA", "Nowherville", "00001", "usd", False,
        (
            _us("state", "California", 60_000),
            _us("county", "Sample County", 2_500),
            _us("city", "Nowherville, City of", 10_625),
        ),
    ),
    Place(
        "US", "NV", "Exampleton", "00002", "usd", False,
        (_us("state", "Nevada", 46_000), _us("county", 'County "Example"', 37_750)),
    ),
    Place("KW", None, "Exampleton", None, "usd", False, (_vat("KW", "Kuwait", 0),)),
)  # fmt: skip
"""The places: with one, two and three levels of tax, and one where the merchant is not registered."""

_PER_MILLION_DOLLARS = {
    "usd": 1_000_000,
    "eur": 921_337,
    "jpy": 150_250_000,
    "kwd": 307_019,
    "chf": 881_203,
}
EXCHANGE_SCALE = 16
_ONE: int = 10**EXCHANGE_SCALE


def exchange_rate(currency: str, filing_currency: str) -> int:
    """Return the made-up price of one unit of `currency` in `filing_currency`, in units of `10**-16`."""
    return _PER_MILLION_DOLLARS[filing_currency] * _ONE // _PER_MILLION_DOLLARS[currency]
