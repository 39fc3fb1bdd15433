"""Failures of report partitions: their kind, and when their day is requested again."""

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
    """The kind of a failure: whose trouble it is."""

    LATE = "stripe_is_late"
    REPORT_RUN_FAILED = "report_run_failed"
    REPORT_RUN_STUCK = "report_run_stuck"
    UNAVAILABLE = "stripe_unavailable"
    BAD_DATA = "bad_data"
    OUR_ERROR = "our_error"
    UNEXPECTED = "unexpected_error"
    BROKEN_BOOKS = "books_do_not_agree"

    @property
    def text(self) -> str:
        """The kind in words, for a person."""
        return self.value.replace("_", " ").replace("stripe", "Stripe")

    @property
    def passes(self) -> bool:
        """Whether another run may succeed although nobody changes anything."""
        return self not in (Kind.BAD_DATA, Kind.OUR_ERROR, Kind.BROKEN_BOOKS)

    @property
    def what_to_do(self) -> str:
        """What the alerted person can do, in one or two sentences."""
        return _WHAT_TO_DO[self]


_WHAT_TO_DO = {
    Kind.LATE: "Wait for Stripe's data. Then materialize the day if it has not landed.",
    Kind.REPORT_RUN_FAILED: "A new report run usually succeeds. If none does, give the report run's id to"
    " Stripe's support, and materialize the day again later.",
    Kind.REPORT_RUN_STUCK: "A new report run is usually quicker. If none is, give the report run's id to"
    " Stripe's support, and materialize the day again later.",
    Kind.UNAVAILABLE: "Check https://status.stripe.com and the network, and materialize the day again once"
    " Stripe answers.",
    Kind.BAD_DATA: "Materialize the day again: that creates a new report run, because one whose file was"
    " refused is not used again. If its file is refused as well, set force_new_report_run, name missing"
    " columns in optional_columns, or ask Stripe's support or for a newer version of this package.",
    Kind.OUR_ERROR: "Fix the cause in the error, and materialize the day again.",
    Kind.UNEXPECTED: "Report the error, with the traceback in the run's log, to the maintainers of"
    " stripe_reports. If memory ran out, give the process more. Then materialize the day again.",
    Kind.BROKEN_BOOKS: "Look at the rows that the asset check shows, and check the tables with"
    " `stripe-reports verify`. If they are what Stripe sent, ask Stripe's support. If not, materialize their"
    " day again.",
}


def kind_of(error: StripeReportsError) -> Kind:
    """Return the kind of a failure with this error."""
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
            return Kind.UNAVAILABLE
        case _:
            return Kind.OUR_ERROR


def kind_named(name: object) -> Kind:
    """Return the kind of that name; OUR_ERROR for a name that is not a kind, as earlier versions recorded."""
    return next((kind for kind in Kind if kind == name), Kind.OUR_ERROR)


@dataclass(frozen=True, slots=True)
class Failure:
    """A report type and day that did not land, and why."""

    account: str | None
    """The name of the account in this code location."""
    report_type: str
    partition: str | None
    asset_key: str
    kind: Kind
    error: str
    """The error in one line, which begins with account, report type and day."""
    report_run: str | None
    """Stripe's id of the report run, if there was one."""
    run_id: str | None
    """Dagster's id of the run; None for a report run that no Dagster run was waiting for."""
    failed_at: float
    """Unix seconds."""
    attempt: int = 0
    """How often the day had been requested again before this failure."""
    before: Kind | None = None
    """The kind of the previous failure, if this is another attempt."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """The seconds from a failure to the next request for its day: one number for each attempt.

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
        """Return when its day is requested again, in Unix seconds; None if it is not."""
        if not failure.kind.passes or failure.partition is None or failure.attempt >= len(self.seconds):
            return None
        return failure.failed_at + self.seconds[failure.attempt]

    def needs_alert(self, failure: Failure) -> bool:
        """Return whether to alert: about the first failure, a new kind, and where no retry follows.

        The first alert announces the failures between them.
        """
        return failure.attempt == 0 or failure.kind != failure.before or self.again_at(failure) is None
