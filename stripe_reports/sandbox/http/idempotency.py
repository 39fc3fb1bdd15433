"""Idempotency keys: the same POST gets the same answer (https://docs.stripe.com/api/idempotent_requests)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from stripe_reports.sandbox.http.error import Refusal

_LONGEST_KEY = 255
Answer = tuple[int, dict[str, Any]]
"""The status and the body."""


class Idempotency:
    """The first answer under each key, server errors included.

    As at Stripe, a request that is refused for its parameters has not started, so its answer is not stored.
    """

    def __init__(self) -> None:
        self._answers: dict[str, tuple[object, Answer]] = {}
        self._lock = Lock()

    def once(self, key: str | None, request: object, respond: Callable[[], Answer]) -> tuple[Answer, bool]:
        """Return the answer, and whether it is a repeated one. Raises Refusal if the request differs."""
        if key is None:
            return respond(), False
        if len(key) > _LONGEST_KEY:
            raise Refusal(
                f"Idempotency keys must be at most {_LONGEST_KEY} characters.", type_="idempotency_error"
            )
        with self._lock:
            if key in self._answers:
                first, answer = self._answers[key]
                if first != request:
                    raise Refusal(
                        "Keys for idempotent requests can only be used with the same parameters they were"
                        f" first used with. Try using a key other than '{key}' if you meant to execute a"
                        " different request.",
                        type_="idempotency_error",
                    )
                return answer, True
            answer = respond()
            self._answers[key] = request, answer
            return answer, False
