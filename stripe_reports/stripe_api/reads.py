"""Harmless requests, which show what a key may read and which hosts answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import requests
import stripe
import urllib3

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.refusal import is_withheld

_ONE: Any = {"limit": 1}
_READS: Mapping[str, Callable[[stripe.StripeClient], Any]] = {
    "report_runs": lambda client: client.v1.reporting.report_runs.list(_ONE),
    "files": lambda client: client.v1.files.list(_ONE),
    "events": lambda client: client.v1.events.list(_ONE),
}


def may_read(api: StripeApi, what: str) -> bool:
    """Return whether the key may list `report_runs`, `files` or `events`, by listing one of them.

    Raises StripeRequestError if Stripe refuses for another reason than a permission, or does not answer.
    """
    try:
        api.call(_READS[what])
    except StripeRequestError as error:
        if is_withheld(error):
            return False
        raise
    return True


def reach_files_host(api: StripeApi) -> None:
    """Connect to the host of the result files, without the key: any answer will do.

    Raises StripeRequestError if none comes.
    """
    try:
        requests.get(api.files_base, timeout=api.timeout_seconds, allow_redirects=False, stream=True).close()
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise StripeRequestError(
            f"no answer from {api.files_host} ({type(error).__name__}); result files are downloaded from"
            " there: check the network and STRIPE_FILES_BASE"
        ) from error
