"""The number of requests by method and route."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from threading import Lock

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stripe_reports.sandbox.http.faulty_host import OWN_PATHS


class Calls:
    """The number of requests by method and route; a path without a route counts as itself."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def counts(self) -> dict[tuple[str, str], int]:
        """Return the numbers so far, like `{("GET", "/v1/files/{id}/contents"): 2}`."""
        with self._lock:
            return dict(self._counts)

    def counting(self, host: ASGIApp, app: Starlette) -> ASGIApp:
        """Return the host with a counter in front, which counts each request by the routes of `app`."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] not in OWN_PATHS:
                with self._lock:
                    self._counts[scope["method"], _template(app.routes, scope)] += 1
            await host(scope, receive, send)

        return counted


def _template(routes: Sequence[BaseRoute], scope: Scope) -> str:
    for route in routes:
        # A method that the route does not take is a partial match, and still its path.
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            return route.path
    path: str = scope["path"]
    return path
