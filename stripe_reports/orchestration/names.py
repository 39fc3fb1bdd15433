"""The names in Dagster of all that belongs to one Stripe account."""

import re
from dataclasses import dataclass

from stripe_reports.errors import ConfigurationError

KEY_PREFIX = "stripe_reports"
ACCOUNT_TAG = "stripe_reports/account"
"""Tag of the runs of a named account."""

JOB = "stripe_reports"
SUBMIT_JOB = "stripe_reports_submit"
RECONCILE_JOB = "stripe_reports_reconcile"
DAILY_SCHEDULE = "stripe_reports_daily"
SUBMIT_SCHEDULE = "stripe_reports_submit_daily"
REPULL_SCHEDULE = "stripe_reports_repull"
AVAILABILITY_SENSOR = "stripe_reports_availability"
FAILED_RUNS_SENSOR = "stripe_reports_failed_runs"
PICKUP_SENSOR = "stripe_reports_pickup"
BOOKS_SENSOR = "stripe_reports_books"
AUTOMATION = (
    DAILY_SCHEDULE,
    AVAILABILITY_SENSOR,
    FAILED_RUNS_SENSOR,
    PICKUP_SENSOR,
    SUBMIT_SCHEDULE,
    REPULL_SCHEDULE,
    BOOKS_SENSOR,
)
"""The schedules and sensors."""

STRIPE = "stripe"
REPORT_LAKE = "report_lake"
IO_MANAGER = "report_lake_io_manager"

BOOKS_GROUP = "books"

_ACCOUNT = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
# With one of these at its beginning, an account's names could be those of another account.
_RESERVED = tuple(
    sorted(
        {
            name.removeprefix(f"{base}_")
            for base, names in (
                (JOB, (SUBMIT_JOB, RECONCILE_JOB, *AUTOMATION)),
                (REPORT_LAKE, (IO_MANAGER,)),
            )
            for name in names
        }
    )
)


@dataclass(frozen=True, slots=True)
class AccountNames:
    """The names for an account, or for the only one where `account` is None.

    A named account has its name at the end of each name (`stripe_reports_daily_eu`, resource `stripe_eu`), as
    the second part of each asset key, and at the beginning of each group. Raises ConfigurationError for a
    name that Dagster does not take, or that would make two accounts share a name.
    """

    account: str | None = None

    def __post_init__(self) -> None:
        if self.account is None:
            return
        if not _ACCOUNT.fullmatch(self.account):
            raise ConfigurationError(
                f"the account {self.account!r} cannot be a part of Dagster's names; use a-z, 0-9 and single _"
            )
        for word in _RESERVED:
            if f"{self.account}_".startswith(f"{word}_"):
                raise ConfigurationError(
                    f"the account {self.account!r} begins with {word!r}, which the names of jobs, schedules,"
                    " sensors and resources use; choose another name"
                )

    @property
    def key_prefix(self) -> tuple[str, ...]:
        """The asset keys' first parts."""
        return (KEY_PREFIX,) if self.account is None else (KEY_PREFIX, self.account)

    @property
    def pool(self) -> str | None:
        """The pool of a named account; None without a name, as the asset then is in no pool."""
        return None if self.account is None else self.of(STRIPE)

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the account's runs."""
        return {} if self.account is None else {ACCOUNT_TAG: self.account}

    @property
    def stripe(self) -> str:
        """The key of the StripeResource."""
        return self.of(STRIPE)

    @property
    def report_lake(self) -> str:
        """The key of the ReportLakeResource."""
        return self.of(REPORT_LAKE)

    @property
    def io_manager(self) -> str:
        """The key of the ReportLakeIOManager."""
        return self.of(IO_MANAGER)

    def of(self, name: str) -> str:
        """Return the account's form of one of the names above."""
        return name if self.account is None else f"{name}_{self.account}"

    def group(self, name: str) -> str:
        """Return the account's form of an asset group."""
        return name if self.account is None else f"{self.account}_{name}"
