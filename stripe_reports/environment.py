"""The settings of a deployment: STRIPE_* variables. No other file reads the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

from stripe_reports.errors import ConfigurationError

_Text = TypeVar("_Text", bound=str)


def text(name: str, default: str = "") -> str:
    """Return the value of a variable; the default if it is not set or empty."""
    return os.environ.get(name) or default


def texts(name: str) -> tuple[str, ...]:
    """Return the parts of a variable between commas; none if it is not set."""
    return tuple(part for part in (part.strip() for part in text(name).split(",")) if part)


def switch(name: str) -> bool | None:
    """Return whether a variable is `true` or `false`; None if it is not set.

    Raises ConfigurationError for any other value.
    """
    value = text(name)
    if value not in ("true", "false", ""):
        raise ConfigurationError(f"{name} is {value!r}; set it to true or false")
    return value == "true" if value else None


def choice(name: str, choices: Sequence[_Text]) -> _Text:
    """Return a variable that is one of `choices`; the first if it is not set.

    Raises ConfigurationError for any other value.
    """
    value = text(name, choices[0])
    for each in choices:
        if each == value:
            return each
    raise ConfigurationError(f"{name} is {value!r}; set it to {', '.join(choices[:-1])} or {choices[-1]}")


def count(name: str, *, default: int) -> int:
    """Return a variable that is a whole number, 1 or more. Raises ConfigurationError for any other value."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise ConfigurationError(f"{name} is {value!r}; set it to a whole number, 1 or more")
    return int(value)


def api_base(default: str) -> str:
    """Return the address of Stripe's API, STRIPE_API_BASE."""
    return text("STRIPE_API_BASE", default)


def files_base(default: str) -> str:
    """Return the address of Stripe's files host, STRIPE_FILES_BASE."""
    return text("STRIPE_FILES_BASE", default)


def lake_uri() -> str:
    """Return the uri of the lake, STRIPE_REPORTS_LAKE."""
    return text("STRIPE_REPORTS_LAKE", "./lake")


def dagster_home() -> str:
    """Return the directory of Dagster's records, DAGSTER_HOME; empty if it is not set."""
    return text("DAGSTER_HOME")


def keep_csv() -> bool | None:
    """Return whether CSVs are kept, STRIPE_REPORTS_KEEP_CSV; None if it is not set, so that pii decides."""
    return switch("STRIPE_REPORTS_KEEP_CSV")


def pii_key() -> str:
    """Return the secret of the hashes of personal data, STRIPE_REPORTS_PII_KEY."""
    return text("STRIPE_REPORTS_PII_KEY")


def webhook_secrets() -> tuple[str, ...]:
    """Return the signing secrets of the webhook endpoint, STRIPE_WEBHOOK_SECRET: several while one is rolled.

    Raises ConfigurationError if there is none.
    """
    if secrets := texts("STRIPE_WEBHOOK_SECRET"):
        return secrets
    raise ConfigurationError(
        "no webhook secret: set STRIPE_WEBHOOK_SECRET to the signing secret (whsec_…) of the endpoint, from"
        " https://dashboard.stripe.com/webhooks; while you roll it, to both, with a comma between them"
    )
