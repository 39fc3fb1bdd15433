"""The kinds of faults and their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from stripe_reports.sandbox.faults.setting import (
    Setting,
    Settings,
    a_day,
    number,
    one_number_of,
    one_of,
    whole,
    words,
)

On = Literal["availability", "report_run", "request", "contents", "events", "webhook"]
"""The occasions for faults: a look at how far the data of a report type goes; the creation of a report run; a
request; a request for the contents of a result file; a list of events; a delivery to the webhook."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: its occasion and its settings."""

    on: On
    settings: Settings = field(default_factory=dict)

    @property
    def where(self) -> Settings:
        """The settings that limit where the fault applies."""
        return _WHERE[self.on]


_REPORT_TYPE = {"report_type": words(None)}
"""A glob like `payouts.*`. For a request, it applies to the report type of the new report run, or of the run
or file in the path."""

_WHERE: Mapping[On, Settings] = {
    "availability": _REPORT_TYPE,
    "report_run": _REPORT_TYPE,
    "request": {**_REPORT_TYPE, "method": words(None), "path": words(None)},
    "contents": _REPORT_TYPE,
    "events": {},
    "webhook": _REPORT_TYPE,
}

WHEN: Settings = {
    "count": whole(None, least=1),
    "probability": number(None, most=1),
    "seed": whole(None, least=None),
}
"""The settings of every fault: strike `count` times, or with a `probability`; otherwise always."""

KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        # The data of the last `seconds` is not available yet. What Stripe does with a run that asks for it is
        # not certain: mostly it refuses; some have seen the run succeed with the data so far, or fail.
        "late": FaultKind(
            "availability",
            {"seconds": whole(86400, least=1), "beyond": one_of("refused", "short", "failed")},
        ),
        "pending": FaultKind(
            "report_run", {"seconds": number(None)}
        ),  # beyond the latency; without it, forever
        "failed": FaultKind(
            "report_run", {"error": words("An internal error occurred while generating the report.")}
        ),
        # The answer to the POST is `succeeded` at once, with a file that another run made `seconds` before.
        "cached": FaultKind("report_run", {"seconds": whole(3600, least=1)}),
        "expired": FaultKind("report_run", {"seconds": whole(0)}),  # the file exists for that long
        "wrong_size": FaultKind("report_run", {"bytes": whole(1, least=None)}),  # difference to the true size
        "header_only": FaultKind("report_run"),
        "extra_column": FaultKind("report_run", {"column": words("extra_column"), "value": words("extra")}),
        "missing_column": FaultKind("report_run", {"column": words(None)}),  # by default, the last
        "reordered": FaultKind("report_run"),  # columns from right to left
        # By default, the first column of amounts; rows count from 1.
        "unfit": FaultKind(
            "report_run", {"column": words(None), "row": whole(1, least=1), "value": words("n/a")}
        ),
        # The day's first row with a `payout_status` gets this status, and the day gets this many more rows.
        "restated": FaultKind("report_run", {"day": a_day(), "status": words("failed"), "rows": whole(1)}),
        "status": FaultKind(
            "request",
            {
                "code": one_number_of(500, 400, 401, 403, 404, 429, 502, 503, 504),
                "error_code": words(None),
                "retry_after": number(None),
                "body": one_of("json", "html"),  # a gateway in front of the API would send HTML
                "when": one_of("before", "after"),  # before or after the request has been accepted
            },
        ),
        "reset": FaultKind("request", {"when": one_of("after", "before")}),
        "stored_500": FaultKind("request"),  # POSTs with an idempotency key only
        "truncated": FaultKind(
            # This many bytes arrive, by default half of them; `declared` is what Content-Length says.
            "contents",
            {"bytes": whole(None), "declared": one_of("full", "short")},
        ),
        "no_range": FaultKind("contents"),  # the header Range is ignored
        "slow": FaultKind("contents", {"bytes_per_second": whole(10_000, least=1)}),
        "file_late": FaultKind("contents", {"seconds": number(1.0)}),  # 404 until the file is that old
        "duplicate_events": FaultKind("events"),
        "unordered_events": FaultKind("events"),
        "webhook_wrong_secret": FaultKind("webhook"),
        "webhook_stale": FaultKind("webhook", {"seconds": whole(600, least=1)}),
        "webhook_duplicate": FaultKind("webhook", {"times": whole(2, least=2)}),
        # Held back until a later event has been delivered, or for that long.
        "webhook_unordered": FaultKind("webhook", {"seconds": number(1.0)}),
    }
)
"""All kinds of faults by name."""


def settings_of(kind: FaultKind) -> dict[str, Setting]:
    """Return all settings that a fault of that kind takes."""
    return {**kind.settings, **kind.where, **WHEN}
