"""One answer of the files host: the bytes of a result, from any position on."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote

import requests
import urllib3

from stripe_reports.errors import DownloadError, StripeRequestError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.patience import Patience, patient
from stripe_reports.stripe_api.refusal import retry_after
from stripe_reports.stripe_api.report_run import ResultFile

_CHUNK = 1 << 18
_MOST_OF_A_REFUSAL = 1 << 16
_LONGEST_REASON = 500
_CONNECT_AND_READ_TIMEOUT = (15.0, 90.0)
_WORTH_ASKING_AGAIN = {404, 408, 409, 425, 429}
"""HTTP statuses after which another attempt may help; 404 too, as a file can appear just after its run."""
_MEDIA = {"text/html": "HTML", "application/xhtml+xml": "HTML", "application/json": "JSON"}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.IGNORECASE)


class Interrupted(Exception):
    """A download that stopped, and whose missing bytes are worth another request.

    `retry_after` is the pause in seconds that the server asked for, if any.
    """

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Contents:
    """The bytes of one answer; `first` is the position of the first byte. Close it after use."""

    def __init__(self, response: requests.Response, result: ResultFile, first: int) -> None:
        self._response = response
        self._result = result
        self.first = first
        self.etag: str | None = response.headers.get("ETag")
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        self.is_encoded = encoding not in ("", "identity")
        """Whether the bytes are encoded on the network, so that positions in the chunks differ from them."""
        declared = response.headers.get("Content-Length", "")
        is_usable = declared.isascii() and declared.isdecimal() and len(declared) < 20 and not self.is_encoded
        self.length = int(declared) if is_usable else None
        """The number of bytes in the answer; None if the server does not say."""
        self.chunks = self._chunks()
        """The bytes in chunks of at most 256 KiB. If the connection breaks, they raise Interrupted after all
        bytes that arrived."""

    def close(self) -> None:
        """Drop the connection, even if more bytes would arrive."""
        self._response.close()

    def _chunks(self) -> Iterator[bytes]:
        pieces: list[bytes] = []
        room = _CHUNK
        broke: urllib3.exceptions.HTTPError | None = None
        try:
            # Take what has arrived: a read that waits for more would lose it if the connection broke.
            while piece := self._response.raw.read1(room, decode_content=True):
                pieces.append(piece)
                room -= len(piece)
                if not room:
                    yield b"".join(pieces)
                    pieces, room = [], _CHUNK
        except urllib3.exceptions.HTTPError as error:
            broke = error
        if pieces:
            yield b"".join(pieces)
        if broke:
            why = f"the download of {self._result.id} broke off ({type(broke).__name__})"
            raise Interrupted(why) from broke


def ask_for_contents(
    api: StripeApi, result: ResultFile, *, first: int, etag: str | None, patience: Patience
) -> Contents:
    """Request `GET /v1/files/{id}/contents` from the files host, from the byte `first` on.

    `etag` is the ETag of the answer with the bytes before; `patience` bounds the whole download. Raises
    Interrupted if another request may help, DownloadError if the answer does not continue at `first`, and
    StripeRequestError if nothing helps.
    """
    url = f"{api.files_base.rstrip('/')}/v1/files/{quote(result.id, safe='')}/contents"
    api.files_limit.wait()
    try:
        with patient(requests.Session(), lambda: patience) as session:
            response = session.get(
                url,
                auth=(api.api_key, ""),
                headers=_headers(api, first, etag),
                stream=True,
                timeout=_CONNECT_AND_READ_TIMEOUT,
            )
    except (requests.RequestException, ValueError) as error:  # ValueError: a redirect to a malformed address
        raise Interrupted(f"no answer from {api.files_base} ({type(error).__name__})") from error
    if response.status_code == 429:
        api.files_limit.too_fast(retry_after(response.headers))
    else:
        api.files_limit.went_well()
    contents = Contents(response, result, first)
    try:
        _check(api, result, response, contents, etag)
    except BaseException:
        contents.close()
        raise
    return contents


def stopped(result: ResultFile, came: int, why: str) -> DownloadError:
    """Return the error of a download that cannot continue where it stopped."""
    return DownloadError(
        f"the download of {result.id} stopped at {came} of {result.size} bytes and cannot resume there:"
        f" {why}; materialize the day again"
    )


def truncated(result: ResultFile, came: int) -> DownloadError:
    """Return the error of a file of which the server has fewer bytes than Stripe says."""
    return DownloadError(
        f"the download of {result.id} is truncated: {came} of {result.size} bytes arrived, and the server has"
        " no more; materialize the day again"
    )


def in_place_of(result: ResultFile, what: str) -> str:
    """Return the text for an answer that is not the file, such as a page of a proxy or a sign-on page."""
    return f"the files host sent {what} in place of {result.id}, which has {result.size} bytes"


def other_than_csv(start: bytes) -> str | None:
    """Return what a file with these first bytes is, if it cannot be a CSV with a header."""
    match start.lstrip()[:1]:
        case b"<":
            return "HTML"
        case b"{":
            return "JSON"
    return None


def _headers(api: StripeApi, first: int, etag: str | None) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if api.stripe_account:
        headers["Stripe-Account"] = api.stripe_account
    if first:
        headers["Range"] = f"bytes={first}-"
        if etag and etag.startswith('"'):  # a weak ETag, W/"…", is not allowed here
            headers["If-Range"] = etag
    return headers


def _check(
    api: StripeApi, result: ResultFile, response: requests.Response, contents: Contents, etag: str | None
) -> None:
    first, status = contents.first, response.status_code
    if first and status == 416:
        raise truncated(result, first)
    if first and status in (200, 412):
        raise stopped(result, first, f"the files host answered {status} to a request for the rest")
    if not response.ok:
        raise _refused(api, result, response)
    if what := _MEDIA.get(response.headers.get("Content-Type", "").partition(";")[0].strip().lower()):
        raise Interrupted(in_place_of(result, what))
    if status == 200 and contents.length not in (None, result.size):
        raise Interrupted(in_place_of(result, f"{contents.length} bytes"))
    if first and contents.is_encoded:
        raise stopped(result, first, "the files host encodes the rest")
    if first and etag and contents.etag and contents.etag != etag:
        raise stopped(result, first, "the file has changed since (it has another ETag)")
    if first or status == 206:
        said = response.headers.get("Content-Range", "")
        range_ = _CONTENT_RANGE.fullmatch(said)
        if not range_ or int(range_[1]) != first or range_[2] not in ("*", str(result.size)):
            raise stopped(
                result, first, f"the files host answered with Content-Range {api.redact(said)[:100]!r}"
            )


def _refused(api: StripeApi, result: ResultFile, response: requests.Response) -> Exception:
    said = _reason(api, response)
    text = f"the files host answered {response.status_code} for {result.id}: {said}"
    if response.status_code in _WORTH_ASKING_AGAIN or response.status_code >= 500:
        return Interrupted(text, retry_after(response.headers))
    if response.status_code in (401, 403):
        text += "; a restricted key needs Files: read, and STRIPE_FILES_BASE must be the host of this key"
    return StripeRequestError(text)


def _reason(api: StripeApi, response: requests.Response) -> str:
    """Return Stripe's reason for a refusal, cut to fit a line."""
    try:
        start = b"".join(itertools.islice(response.iter_content(_MOST_OF_A_REFUSAL), 1))
        said = json.loads(start.decode())["error"]["message"]
    except (requests.RequestException, LookupError, TypeError, ValueError, RecursionError):
        said = None
    if isinstance(said, str) and said.strip():
        return api.redact(said)[:_LONGEST_REASON]
    try:
        return HTTPStatus(response.status_code).phrase
    except ValueError:
        return "no reason given"
