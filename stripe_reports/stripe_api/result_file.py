"""The bytes of a result, as a stream from the files host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import requests

from stripe_reports.errors import DownloadError, StripeRequestError
from stripe_reports.stripe_api.api import StripeApi, retry_after
from stripe_reports.stripe_api.report_run import ResultFile

_CHUNK = 1 << 20
_CONNECT_AND_READ_TIMEOUT = (15.0, 90.0)
_WORTH_ASKING_AGAIN = {404, 408, 409, 425, 429}
"""404 too: a file can be a moment late behind its run."""


@contextmanager
def open_result(api: StripeApi, result: ResultFile) -> Iterator[Iterator[bytes]]:
    """The result's bytes in chunks of at most 1 MiB, from `GET /v1/files/{id}/contents` on the files host.

    Authorized by HTTP Basic: the secret key is the user name, the password is empty
    (https://docs.stripe.com/file-upload#download-file-contents). The address is built from `files_base`
    rather than taken from `result.url`, and requests drops the header when it is sent on to another host,
    so the key goes to no host but the one that was configured.

    Raises DownloadError where asking again may help, StripeRequestError where it will not.
    """
    url = f"{api.files_base.rstrip('/')}/v1/files/{quote(result.id, safe='')}/contents"
    headers = {"Accept-Encoding": "identity"}
    if api.stripe_account:
        headers["Stripe-Account"] = api.stripe_account
    try:
        response = requests.get(
            url, auth=(api.api_key, ""), headers=headers, stream=True, timeout=_CONNECT_AND_READ_TIMEOUT
        )
    except requests.RequestException as error:
        raise DownloadError(
            f"no answer from {api.files_base} ({type(error).__name__});"
            " check the network and STRIPE_FILES_BASE"
        ) from error
    with response:
        if not response.ok:
            raise _refused(api, result, response)
        yield _chunks(result, response)


def _chunks(result: ResultFile, response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(_CHUNK)
    except requests.RequestException as error:
        raise DownloadError(
            f"the download of {result.id} broke off before its {result.size} bytes were there"
            f" ({type(error).__name__})"
        ) from error


def _refused(
    api: StripeApi, result: ResultFile, response: requests.Response
) -> DownloadError | StripeRequestError:
    try:
        said = str(response.json()["error"]["message"])
    except (json.JSONDecodeError, requests.JSONDecodeError, KeyError, TypeError):
        said = response.reason or "no reason given"
    text = f"the files host answered {response.status_code} for {result.id}: {api.redact(said)}"
    if response.status_code in _WORTH_ASKING_AGAIN or response.status_code >= 500:
        again = DownloadError(text)
        again.retry_after = retry_after(response.headers)
        return again
    if response.status_code in (401, 403):
        text += "; a restricted key needs Files: read, and STRIPE_FILES_BASE must be the host of this key"
    return StripeRequestError(text)
