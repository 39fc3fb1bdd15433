"""Repeatable random numbers: the same seed and purpose give the same numbers on every machine."""

from __future__ import annotations

import random
import string

Seed = int | str
"""The seed of a ledger: a number for a platform, and a text made from it for connected accounts."""

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def chance(*purpose: object) -> random.Random:
    """Return a random generator for that purpose, for example `chance(seed, "day", day)`.

    Its seed is text, which Python hashes with SHA-512, so its numbers do not depend on PYTHONHASHSEED or on
    other draws.
    """
    return random.Random(":".join(map(str, purpose)))  # noqa: S311  synthetic data, nothing secret


def stripe_id(rng: random.Random, prefix: str, length: int = 23) -> str:
    """Return an id like Stripe's, such as `txn_3…`; with 62**22 values, it is unique in practice."""
    return f"{prefix}_3{''.join(rng.choices(_LETTERS, k=length - 1))}"


def account_id(seed: Seed) -> str:
    """Return the id of the account whose ledger that seed generates; each seed is another merchant."""
    return f"acct_1{''.join(chance(seed, 'account').choices(_LETTERS, k=15))}"
