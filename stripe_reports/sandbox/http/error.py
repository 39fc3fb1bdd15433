"""Stripe's errors (https://docs.stripe.com/api/errors)."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An answer with Stripe's error object, without the optional fields that are None."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type_: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        fields = {"code": code, "message": message, "param": param, "type": type_}
        self.body: dict[str, Any] = {"error": {k: v for k, v in fields.items() if v is not None}}


def no_such(what: str, id_: str, *, param: str = "id", status: int = 404) -> Refusal:
    """Return the refusal for an unknown id."""
    return Refusal(f"No such {what}: '{id_}'", status=status, param=param, code="resource_missing")


def missing(param: str) -> Refusal:
    """Return the refusal for a missing required parameter."""
    return Refusal(f"Missing required param: {param}.", param=param, code="parameter_missing")


def unknown(param: str) -> Refusal:
    """Return the refusal for a parameter that the call does not have."""
    return Refusal(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")


def unrecognized_url(method: str, path: str) -> Refusal:
    """Return the refusal for an unknown path, or for a method that the path does not have."""
    return Refusal(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at"
        " https://support.stripe.com/.",
        status=404,
    )
