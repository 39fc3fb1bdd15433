"""The HTTP client of the Stripe SDK: it bounds time and size, follows no redirect, and accepts JSON only."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe
import urllib3
from requests.structures import CaseInsensitiveDict

from stripe_reports.stripe_api.fields import kind
from stripe_reports.stripe_api.patience import Patience, patient

MOST_BYTES = 32 << 20
"""The largest answer in bytes. The largest that Stripe documents, a hundred report runs, is below 1 MB."""

_CONNECT_SECONDS = 15.0
_CHUNK = 1 << 16
_LONGEST_TEXT = 4000
"""How many characters of a message are kept. A message may list all columns of a report."""
_LONGEST_VALUE = 200
_REQUEST_ID = re.compile(r"req_[A-Za-z0-9]{1,100}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
_HEADERS_WE_READ = ("Retry-After", "Stripe-Should-Retry", "Idempotent-Replayed", "Date")


class UnusableAnswerError(stripe.APIConnectionError):
    """An answer that is not as Stripe documents it, usually from another server such as a proxy."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what, http_status=status, should_retry=True)  # type: ignore[no-untyped-call]


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect, because it would send the key there."""


class HttpClient(stripe.HTTPClient):
    """The HTTP client that the SDK calls. The SDK itself repeats requests.

    Each answer has `seconds` to arrive, after at most 15 seconds to connect, or `seconds` if that is less.
    `redact` cleans all texts of a refusal before any other code reads or logs them.
    """

    name = "requests"

    def __init__(self, seconds: float, redact: Callable[[str], str]) -> None:
        super().__init__()
        self._seconds = seconds
        self._redact = redact
        self._timeouts = (min(seconds, _CONNECT_SECONDS), seconds)
        self._of_thread = threading.local()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Make one request, as the SDK expects it. Raises stripe.APIConnectionError."""
        try:
            with self._session.request(
                method,
                url,
                headers=headers,
                data=post_data,
                timeout=self._timeouts,
                verify=stripe.ca_bundle_path,
                stream=True,
            ) as response:
                body = self._body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._no_answer(error) from error
        return _checked(body, response, self._redact), response.status_code, _headers(response)

    def close(self) -> None:
        """Close the connections of this thread."""
        self._session.close()

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = patient(_Session(), lambda: Patience(self._seconds))
        return session

    def _body(self, response: requests.Response) -> bytes:
        chunks, size = [], 0
        for chunk in response.iter_content(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > MOST_BYTES:
                what = f"it has more than {MOST_BYTES >> 20} MiB"
                raise UnusableAnswerError(what, response.status_code)
        return b"".join(chunks)

    def _no_answer(self, error: Exception) -> stripe.APIConnectionError:
        if isinstance(error, requests.ConnectTimeout):
            return _no_connection(f"no connection within {self._timeouts[0]:g} s")
        reason = _innermost(error)
        timeouts = requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError
        # urllib3 counts a refused connection among its timeouts.
        refused = isinstance(reason, urllib3.exceptions.NewConnectionError)
        if isinstance(reason, timeouts) and not refused:
            return _no_connection(f"the answer did not arrive within {self._seconds:g} s")
        # A wrong certificate or address stays wrong.
        may_pass = not isinstance(error, requests.exceptions.SSLError | ValueError)
        return _no_connection(
            f"{type(reason).__name__}: {self._redact(str(reason))[:_LONGEST_TEXT]}", may_pass
        )


def _no_connection(what: str, may_pass: bool = True) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(what, should_retry=may_pass)  # type: ignore[no-untyped-call]


def _innermost(error: BaseException) -> BaseException:
    """Return the error that requests and urllib3 have wrapped in their own."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return _innermost(inner) if isinstance(inner, BaseException) else error


def request_id(headers: Mapping[str, str] | None) -> str | None:
    """Return the request's id if it looks like Stripe's; any other text stays out of messages."""
    said = (headers or {}).get("Request-Id", "")
    return said if _REQUEST_ID.fullmatch(said) else None


def _headers(response: requests.Response) -> Mapping[str, str]:
    known = {name: response.headers[name] for name in _HEADERS_WE_READ if name in response.headers}
    if id_ := request_id(response.headers):
        known["Request-Id"] = id_
    return CaseInsensitiveDict(known)


def _checked(body: bytes, response: requests.Response, redact: Callable[[str], str]) -> bytes:
    """Return the body if it is a JSON object; of a refusal, only the fields that Stripe documents.

    Raises UnusableAnswerError.
    """
    status = response.status_code
    if 300 <= status < 400:
        raise UnusableAnswerError(_redirected(response), status)
    parsed = _json_object(body)
    if status < 300:
        if isinstance(parsed, str):
            raise UnusableAnswerError(parsed, status)
        return body
    error = parsed.get("error") if isinstance(parsed, dict) else None
    known = _texts(error, redact) if isinstance(error, dict) else {}
    if not known.keys() & {"type", "message"}:
        what = parsed if isinstance(parsed, str) else "it is JSON without a Stripe error"
        if status != 429 and status < 500:
            raise UnusableAnswerError(f"{what}, with HTTP status {status}", status)
        known = {"message": f"{_phrase(status)} (HTTP {status}; {what})"}
    return json.dumps({"error": known}).encode()


def _json_object(body: bytes) -> dict[str, Any] | str:
    """Return the body's JSON object, or a text that says what the body is instead."""
    if not body.strip():
        return "it is empty"
    try:
        parsed = json.loads(body.decode())
        # Half of a surrogate pair is valid JSON, but cannot be written as UTF-8.
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeError:
        return "it is not UTF-8"
    except RecursionError:
        return "it is nested too deeply"
    except ValueError:
        return "it is HTML, not JSON" if body.lstrip().startswith(b"<") else "it is not JSON"
    return parsed if isinstance(parsed, dict) else f"it is {kind(parsed)}, not an object"


def _texts(error: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, str]:
    return {
        name: redact(value)[: _LONGEST_TEXT if name == "message" else _LONGEST_VALUE]
        for name in ("type", "code", "param", "message")
        if isinstance(value := error.get(name), str) and value
    }


def _redirected(response: requests.Response) -> str:
    try:
        host = urlsplit(response.headers.get("Location", "")).hostname or ""
    except ValueError:  # not an address
        host = ""
    where = f" to {host}" if _HOST.fullmatch(host) else ""
    return f"it is a redirect{where}, which is not followed, so that the key goes to no other host"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "No reason given"
