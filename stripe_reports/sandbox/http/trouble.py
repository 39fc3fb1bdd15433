"""Answers of a Stripe that is unavailable, or that refuses the key or the rate."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import HTMLResponse, JSONResponse, Response

from stripe_reports.sandbox.faults import Fault
from stripe_reports.sandbox.http.call import with_request_id
from stripe_reports.sandbox.http.error import Refusal

_MESSAGES = {
    400: "Invalid request: this answer is a fault of the sandbox.",
    401: "Invalid API Key provided: sk_test_****ault",
    403: "The provided key does not have the required permissions for this endpoint.",
    404: "No such object: this answer is a fault of the sandbox.",
    429: "Request rate limit exceeded. You can learn more about rate limits here"
    " https://stripe.com/docs/rate-limits.",
    500: "An unknown error occurred",
    502: "Bad gateway",
    503: "Service unavailable",
    504: "Gateway timeout",
}
_LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is currently"
    " accessing it. If you see this error intermittently, retry the request."
)
_CODES = {404: "resource_missing", 429: "rate_limit"}


def refusal(status: int, code: str | None = None) -> Refusal:
    """Return the refusal with that status; `code` replaces the usual code."""
    return Refusal(
        _LOCKED if code == "lock_timeout" else _MESSAGES[status],
        status=status,
        type_="api_error" if status >= 500 else "invalid_request_error",
        code=code or _CODES.get(status),
    )


def trouble(fault: Fault) -> Response:
    """Return the answer of a `status` fault."""
    status: int = fault["code"]
    headers = with_request_id()
    if fault["retry_after"] is not None:
        headers["Retry-After"] = f"{fault['retry_after']:g}"
    if fault["body"] == "html":
        title = f"{status} {HTTPStatus(status).phrase}"
        page = f"<html>\n<head><title>{title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
        return HTMLResponse(page, status, headers)
    return JSONResponse(refusal(status, fault["error_code"]).body, status, headers)
