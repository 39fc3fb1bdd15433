"""The one family of errors: every message is one line that says what, where, why and what to do."""

from __future__ import annotations

from datetime import date
from typing import Self


class StripeReportsError(Exception):
    """Something a person can act on. Its text is one line and never holds a secret.

    Lower floors raise it with what they know; a caller that knows more says so with `at`.
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
        """Add where it happened, keeping what is known already. Returns the same error."""
        self.account = self.account or account
        self.report_type = self.report_type or report_type
        self.day = self.day or day
        self.report_run = self.report_run or report_run
        return self

    def __str__(self) -> str:
        return self.line(self.day.isoformat() if self.day else "")

    def line(self, days: str) -> str:
        """The text, with these days in place of its own."""
        place = [part for part in (self.account, self.report_type, days) if part]
        if self.report_run:
            place.append(f"(report run {self.report_run})")
        text = " ".join(self.what.split())
        return f"{' '.join(place)}: {text}" if place else text


class UnknownReportTypeError(StripeReportsError):
    """A report type, pattern or preset that the catalog does not know."""


class DayError(StripeReportsError):
    """A text that is no day, or a day that does not exist in its time zone."""


class ConfigurationError(StripeReportsError):
    """A setting that is missing or does not make sense."""


class StripeRequestError(StripeReportsError):
    """Stripe refused a request (bad key, missing right, bad parameter) or could not be reached.

    `param` is the parameter that Stripe names as the reason, such as `parameters[columns]`. `passes` says
    that it is trouble on the way or at Stripe, which is over after a while. `gone` says that Stripe does not
    have what was asked for (404): a report run that was made a moment ago may still come to be known.
    """

    param: str | None = None
    passes: bool = False
    gone: bool = False


class DataNotAvailableError(StripeReportsError):
    """Stripe does not have the data of the interval yet: it `comes`. Or it does not keep it any more."""

    comes: bool = False


class ReportRunError(StripeReportsError):
    """Stripe marked report runs `failed`, or they stayed pending, one after the other."""


class ReportRunStuckError(ReportRunError):
    """The last of these report runs stayed pending."""


class WebhookError(StripeReportsError):
    """What came to the webhook is not from Stripe, too old, or no event."""


class DownloadError(StripeReportsError):
    """A result file that did not arrive whole.

    `worth_repeating`: reading it once more from its first byte may help. Otherwise it was asked for again and
    again already.
    """

    worth_repeating: bool = True


class CsvError(StripeReportsError):
    """A CSV that is damaged or does not fit its columns. Nothing of it is landed."""


class LakeError(StripeReportsError):
    """The lake belongs to another mode or account, or does not hold what was asked for."""


class CsvNotKeptError(LakeError):
    """A CSV that is not in the lake: it was landed without being kept, or was deleted since."""


class ReplacedError(LakeError):
    """A file that was replaced while it was read. Reading again gives the new one, whole."""


class VerificationError(LakeError):
    """A landed day that is not what its CSVs say, or CSVs that are not those that were landed."""


class UnexpectedError(StripeReportsError):
    """An exception that the code does not expect: a bug, or a process without memory.

    It fails the days of one report run, and nothing else. `trace` is the traceback, for the log.
    """

    trace: str = ""


class CloseError(StripeReportsError):
    """A month that cannot be closed: a day is missing, an identity broken, or a closed month would move."""
