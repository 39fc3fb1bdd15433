"""The settings of a deployment: STRIPE_* variables. The only file that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence

from stripe_reports.errors import ConfigurationError


def text(name: str, default: str = "") -> str:
    """A variable; one that is set to nothing counts as not set."""
    return os.environ.get(name) or default


def texts(name: str) -> tuple[str, ...]:
    """Its parts between commas; none where it is not set."""
    return tuple(part for part in (part.strip() for part in text(name).split(",")) if part)


def switch(name: str, *, default: bool) -> bool:
    """`true` or `false`. Raises ConfigurationError for anything else."""
    value = text(name, str(default).lower())
    if value not in ("true", "false"):
        raise ConfigurationError(f"{name} is {value!r}; set it to true or false")
    return value == "true"


def choice(name: str, choices: Sequence[str]) -> str:
    """One of them; the first where it is not set. Raises ConfigurationError for anything else."""
    value = text(name, choices[0])
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}; set it to {', '.join(choices[:-1])} or {choices[-1]}")
    return value


def count(name: str, *, default: int) -> int:
    """A whole number. Raises ConfigurationError for anything else, and for 0."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise ConfigurationError(f"{name} is {value!r}; set it to a whole number, 1 or more")
    return int(value)


def api_base(default: str) -> str:
    """The address of Stripe's API: STRIPE_API_BASE."""
    return text("STRIPE_API_BASE", default)


def files_base(default: str) -> str:
    """The address of Stripe's files host: STRIPE_FILES_BASE."""
    return text("STRIPE_FILES_BASE", default)


def lake_uri() -> str:
    """Where the lake is: STRIPE_REPORTS_LAKE."""
    return text("STRIPE_REPORTS_LAKE", "./lake")


def keep_csv() -> bool:
    """Whether CSVs are kept: STRIPE_REPORTS_KEEP_CSV."""
    return switch("STRIPE_REPORTS_KEEP_CSV", default=True)


def webhook_secrets() -> tuple[str, ...]:
    """Of the webhook endpoint: STRIPE_WEBHOOK_SECRET, several of them while one is rolled.

    Raises ConfigurationError where there is none.
    """
    if secrets := texts("STRIPE_WEBHOOK_SECRET"):
        return secrets
    raise ConfigurationError(
        "no webhook secret: set STRIPE_WEBHOOK_SECRET to the signing secret (whsec_…) of the endpoint, from"
        " https://dashboard.stripe.com/webhooks; while one is rolled, to both, with a comma between them"
    )
