"""The customers and their cards: a fixed set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from random import Random

from stripe_reports.sandbox.ledger import words
from stripe_reports.sandbox.ledger.chance import Seed, chance, stripe_id

_CUSTOMERS = 160
_ADDRESS_PREFIXES = ("customer_shipping_address", "customer_address", "shipping_address", "card_address")


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer; `columns` holds the customer's columns of itemized reports by name, ready to print."""

    id: str
    columns: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A payment method; `columns` holds the columns that describe how a charge was paid."""

    columns: Mapping[str, str | None]


def customers(seed: Seed) -> tuple[Customer, ...]:
    """Return the account's customers; each name of the word list occurs several times."""
    rng = chance(seed, "customers")
    return tuple(_customer(rng, number) for number in range(_CUSTOMERS))


def _customer(rng: Random, number: int) -> Customer:
    id_ = stripe_id(rng, "cus", 14)
    columns: dict[str, str | None] = {
        "customer_id": id_,
        "customer_name": words.CUSTOMER_NAMES[number % len(words.CUSTOMER_NAMES)],
        "customer_email": f"customer{number}@shop.example" if rng.random() < 0.9 else None,
        "customer_description": rng.choice(words.CUSTOMER_DESCRIPTIONS),
    }
    for prefix in _ADDRESS_PREFIXES:
        if rng.random() < 0.6:
            columns |= _address(rng, prefix)
    return Customer(id_, columns)


def _address(rng: Random, prefix: str) -> dict[str, str | None]:
    return {
        f"{prefix}_line1": rng.choice(words.STREETS),
        f"{prefix}_line2": rng.choice(("2nd floor, rear", "", None)),
        f"{prefix}_city": rng.choice(words.CITIES),
        f"{prefix}_state": rng.choice(words.STATES),
        f"{prefix}_postal_code": rng.choice(words.POSTAL_CODES),
        f"{prefix}_country": rng.choice(words.COUNTRIES),
    }


def _card(brand: str, funding: str, country: str, is_link: bool) -> PaymentMethod:
    return PaymentMethod(
        {
            "payment_method_type": "link" if is_link else "card",
            "is_link": "true" if is_link else "false",
            "card_brand": brand,
            "card_funding": funding,
            "card_country": country,
            "statement_descriptor": "SANDBOX* SHOP, ONLINE",
        }
    )


PAYMENT_METHODS = (
    *(
        _card(brand, funding, country, is_link=brand == "Visa" and country == "US" and funding == "debit")
        for brand, funding, country in product(
            ("Visa", "MasterCard", "American Express"), ("credit", "debit"), ("US", "DE", "JP")
        )
    ),
    PaymentMethod(
        {
            "payment_method_type": "sepa_debit",
            "is_link": "false",
            "statement_descriptor": "SANDBOX* SHOP, ONLINE",
        }
    ),
)
"""The cards, and one method that is not a card and so leaves the card columns empty."""
