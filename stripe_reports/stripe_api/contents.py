"""One answer of the files host: the bytes of a result, from any of them on."""

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
"""404 too: a file can be a moment late behind its run."""
_MEDIA = {"text/html": "HTML", "application/xhtml+xml": "HTML", "application/json": "JSON"}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.IGNORECASE)


class Interrupted(Exception):
    """The bytes that are missing are worth asking for again.

    `retry_after` is the pause in seconds that the server asked for, if it did.
    """

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class Contents:
    """The bytes that one answer brings, `first` being the position of its first one. To be closed."""

    def __init__(self, response: requests.Response, result: ResultFile, first: int) -> None:
        self._response = response
        self._result = result
        self.first = first
        self.etag: str | None = response.headers.get("ETag")
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        self.is_encoded = encoding not in ("", "identity")
        """Whether the chunks are others than the bytes on the line, so that positions do not fit."""
        declared = response.headers.get("Content-Length", "")
        is_told = declared.isascii() and declared.isdecimal() and len(declared) < 20 and not self.is_encoded
        self.length = int(declared) if is_told else None
        """Bytes that are to come; None where the server does not say."""
        self.chunks = self._chunks()
        """At most 256 KiB each. Where the connection breaks they raise Interrupted, behind all that came."""

    def close(self) -> None:
        """Drop the connection, whatever is still to come."""
        self._response.close()

    def _chunks(self) -> Iterator[bytes]:
        pieces: list[bytes] = []
        room = _CHUNK
        broke: urllib3.exceptions.HTTPError | None = None
        try:
            # A piece is what has arrived; a read that waited for more would lose it if the connection broke.
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
    """`GET /v1/files/{id}/contents` on the files host, from the byte `first` on.

    `etag` is that of the answer which brought the bytes before; `patience` bounds the whole download. Raises
    Interrupted where asking again may help, DownloadError where what is there does not go on at `first`,
    StripeRequestError where nothing helps.
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
    except (requests.RequestException, ValueError) as error:  # ValueError for an address of a redirect
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
    """The download cannot go on where it stopped."""
    return DownloadError(
        f"the download of {result.id} stopped at {came} of {result.size} bytes and cannot go on there:"
        f" {why}; materialize the day again"
    )


def truncated(result: ResultFile, came: int) -> DownloadError:
    """The server has less than Stripe says."""
    return DownloadError(
        f"the download of {result.id} is truncated: {came} of {result.size} bytes came, and the server has no"
        " more; materialize the day again"
    )


def in_place_of(result: ResultFile, what: str) -> str:
    """Something else came: usually a proxy or a sign-on page has answered, or Stripe is in trouble."""
    return f"the files host sent {what} in place of {result.id}, which has {result.size} bytes"


def other_than_csv(start: bytes) -> str | None:
    """What these first bytes are instead, if they cannot be those of a CSV with a header."""
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
        if etag and etag.startswith('"'):  # a weak one, W/"…", is no condition of a range
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
    """What Stripe says of a refusal, as much as fits a line."""
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
