"""The family of errors: every message is one line that says what failed, where, why, and what to do."""

from __future__ import annotations

from datetime import date
from typing import Self


class StripeReportsError(Exception):
    """An error that a person can act on. Its text is one line and never holds a secret.

    Lower floors raise it with what they know; a caller that knows more adds it with `at`.
    """

    def __init__(
        self,
        what: str,
        *,
        report_type: str | None = None,
        day: date | None = None,
        report_run: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.account: str | None = None
        self.report_type = report_type
        self.day = day
        self.report_run = report_run

    def at(
        self,
        *,
        account: str | None = None,
        report_type: str | None = None,
        day: date | None = None,
        report_run: str | None = None,
    ) -> Self:
        """Add where the error happened, and return the same error. What is known already stays."""
        self.account = self.account or account
        self.report_type = self.report_type or report_type
        self.day = self.day or day
        self.report_run = self.report_run or report_run
        return self

    def __str__(self) -> str:
        return self.line(self.day.isoformat() if self.day else "")

    def line(self, days: str) -> str:
        """Return the text with these days in place of the error's own day."""
        place = [part for part in (self.account, self.report_type, days) if part]
        if self.report_run:
            place.append(f"(report run {self.report_run})")
        text = " ".join(self.what.split())
        return f"{' '.join(place)}: {text}" if place else text


class UnknownReportTypeError(StripeReportsError):
    """A report type, pattern or preset that the catalog does not know."""


class DayError(StripeReportsError):
    """A text that is not a day, or a day that does not exist in its time zone."""


class ConfigurationError(StripeReportsError):
    """A setting that is missing or does not make sense."""


class StripeRequestError(StripeReportsError):
    """A request that Stripe refused (bad key, missing permission, bad parameter) or that did not reach it.

    `param` is the parameter that Stripe names as the reason, such as `parameters[columns]`. `passes` is true
    for temporary trouble on the network or at Stripe. `gone` is true if Stripe does not have what was
    requested (404); a report run that was created a moment ago may still appear.
    """

    param: str | None = None
    passes: bool = False
    gone: bool = False


class DataNotAvailableError(StripeReportsError):
    """An interval whose data Stripe does not have yet (`comes` is true), or no longer keeps."""

    comes: bool = False


class ReportRunError(StripeReportsError):
    """Report runs that failed at Stripe or stayed pending, one after the other."""


class ReportRunStuckError(ReportRunError):
    """Report runs of which the last stayed pending."""


class WebhookError(StripeReportsError):
    """A delivery to the webhook that is not from Stripe, is too old, or is not an event."""


class DownloadError(StripeReportsError):
    """A result file that did not arrive whole.

    `worth_repeating` is true if reading it once more from its first byte may help. It is false after many
    attempts in vain.
    """

    worth_repeating: bool = True


class CsvError(StripeReportsError):
    """A CSV that is damaged or does not fit its columns. Nothing from it lands."""


class LakeError(StripeReportsError):
    """A lake that belongs to another mode or account, or does not hold what was requested."""


class CsvNotKeptError(LakeError):
    """A CSV that is not in the lake: it was landed without being kept, or was deleted later."""


class ReplacedError(LakeError):
    """A file that was replaced while it was being read. Reading again returns all of the new one."""


class VerificationError(LakeError):
    """A landed day that differs from its CSVs, or CSVs that are not the ones that were landed."""


class UnexpectedError(StripeReportsError):
    """An exception that the code does not expect: a bug, or a process that ran out of memory.

    It fails only the days of one report run. `trace` is the traceback, for the log.
    """

    trace: str = ""


class CloseError(StripeReportsError):
    """A month that cannot be closed: a day is missing, an identity is broken, or closed books would move."""
