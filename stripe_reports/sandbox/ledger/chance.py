"""Chance that repeats itself: the same seed and the same purpose give the same numbers, on any machine."""

from __future__ import annotations

import random
import string

Seed = int | str
"""A number for a platform; connected accounts have text that is made from it."""

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def chance(*purpose: object) -> random.Random:
    """A generator of its own for that purpose, for example `chance(seed, "day", day)`.

    Seeded with text, which Python hashes with SHA-512: independent of PYTHONHASHSEED and of what was
    drawn elsewhere before.
    """
    return random.Random(":".join(map(str, purpose)))  # noqa: S311  synthetic data, nothing secret


def stripe_id(rng: random.Random, prefix: str, length: int = 23) -> str:
    """An id that looks like Stripe's, such as `txn_3…`; 62**22 values, so it is unique for all purposes."""
    return f"{prefix}_3{''.join(rng.choices(_LETTERS, k=length - 1))}"


def account_id(seed: Seed) -> str:
    """The id of the account whose books that seed gives: another seed, another merchant."""
    return f"acct_1{''.join(chance(seed, 'account').choices(_LETTERS, k=15))}"
