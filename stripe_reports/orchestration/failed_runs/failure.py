"""A report partition that did not land: of what kind the failure is, and when the day is asked for again."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stripe_reports.errors import (
    ConfigurationError,
    CsvError,
    DataNotAvailableError,
    DownloadError,
    ReportRunError,
    ReportRunStuckError,
    StripeReportsError,
    StripeRequestError,
    UnexpectedError,
)


class Kind(StrEnum):
    """Whose trouble it is, in a few words."""

    LATE = "stripe_is_late"
    REPORT_RUN_FAILED = "report_run_failed"
    REPORT_RUN_STUCK = "report_run_stuck"
    TROUBLE = "stripe_is_in_trouble"
    BAD_DATA = "bad_data"
    OUR_ERROR = "our_error"
    UNEXPECTED = "unexpected_error"
    BROKEN_BOOKS = "books_do_not_agree"

    @property
    def text(self) -> str:
        """As a person says it."""
        return self.value.replace("_", " ").replace("stripe", "Stripe")

    @property
    def passes(self) -> bool:
        """Whether asking again may help, without anybody doing anything."""
        return self not in (Kind.BAD_DATA, Kind.OUR_ERROR, Kind.BROKEN_BOOKS)

    @property
    def what_to_do(self) -> str:
        """One sentence for the person who is told."""
        return _WHAT_TO_DO[self]


_WHAT_TO_DO = {
    Kind.LATE: "Wait for Stripe's data, and materialize the day then if it has not landed by itself.",
    Kind.REPORT_RUN_FAILED: "A new report run usually succeeds; if none does, give the report run's id to"
    " Stripe's support, and materialize the day again later.",
    Kind.REPORT_RUN_STUCK: "A new report run is usually quicker; if none is, give the report run's id to"
    " Stripe's support, and materialize the day again later.",
    Kind.TROUBLE: "Look at https://status.stripe.com and at the network, and materialize the day again once"
    " that has passed.",
    Kind.BAD_DATA: "Materialize the day again: that creates a new report run, because one whose file was"
    " refused is not used again. If its file is refused as well, set force_new_report_run, name missing"
    " columns in optional_columns, or ask Stripe's support or for a newer version of this package.",
    Kind.OUR_ERROR: "Set right what the error names, and materialize the day again.",
    Kind.UNEXPECTED: "Report the error, with the traceback in the log of the run, to those who maintain"
    " stripe_reports; where memory ran out, give the process more. Then materialize the day again.",
    Kind.BROKEN_BOOKS: "Look at the rows that the asset check shows; prove the tables with `stripe-reports"
    " verify`. If they are what Stripe sent, ask Stripe's support; if not, materialize their day again.",
}


def kind_of(error: StripeReportsError) -> Kind:
    """The kind of a failure that this error ended in."""
    match error:
        case DataNotAvailableError(comes=True):
            return Kind.LATE
        case ReportRunStuckError():
            return Kind.REPORT_RUN_STUCK
        case ReportRunError():
            return Kind.REPORT_RUN_FAILED
        case CsvError():
            return Kind.BAD_DATA
        case UnexpectedError():
            return Kind.UNEXPECTED
        case DownloadError() | StripeRequestError(passes=True):
            return Kind.TROUBLE
        case _:
            return Kind.OUR_ERROR


def kind_named(name: object) -> Kind:
    """The kind of that name; *our error* for anything else, such as a record of an earlier version."""
    return next((kind for kind in Kind if kind == name), Kind.OUR_ERROR)


@dataclass(frozen=True, slots=True)
class Failure:
    """One report type and day that did not land, for one reason."""

    account: str | None
    """The name of the account in this code location."""
    report_type: str
    partition: str | None
    asset_key: str
    kind: Kind
    error: str
    """One line, that begins with the report type and the day."""
    report_run: str | None
    """Stripe's id, if it came that far."""
    run_id: str | None
    """Dagster's; None for a report run of Stripe's that no Dagster run was waiting for."""
    failed_at: float
    """Unix seconds."""
    attempt: int = 0
    """How often the day had been asked for again before."""
    before: Kind | None = None
    """The kind of the failure before, where this is an attempt."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds from a failure to the next request for its day: one for each attempt.

    Raises ConfigurationError for a pause that is not above 0.
    """

    seconds: Sequence[float]

    def __post_init__(self) -> None:
        if any(not pause > 0 for pause in self.seconds):
            raise ConfigurationError(
                f"request_again_after is {list(self.seconds)}; give seconds above 0, or () for no attempt"
            )

    def __len__(self) -> int:
        return len(self.seconds)

    def again_at(self, failure: Failure) -> float | None:
        """When its day is asked for again, in Unix seconds; None where that would not help, or no more."""
        if not failure.kind.passes or failure.partition is None or failure.attempt >= len(self.seconds):
            return None
        return failure.failed_at + self.seconds[failure.attempt]

    def is_told(self, failure: Failure) -> bool:
        """Whether somebody is alerted: of the first failure, of a new kind, and where nobody asks again.

        What lies between is what the first alert has announced.
        """
        return failure.attempt == 0 or failure.kind != failure.before or self.again_at(failure) is None
