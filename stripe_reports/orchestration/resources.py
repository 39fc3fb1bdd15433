"""The two resources: a Stripe account, and the lake that keeps its reports."""

# No `from __future__ import annotations` in this wing: Dagster reads annotations at run time.
from collections.abc import Generator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from stripe_reports.landing import MAX_RUNS_IN_FLIGHT, LandingSettings
from stripe_reports.stripe_api import CALLS_PER_SECOND, Account, StripeApi

if TYPE_CHECKING:
    from stripe_reports.lake import Lake


class StripeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """A Stripe account and how to ask it.

    Give the key as `dg.EnvVar("STRIPE_API_KEY")`, so that the UI shows the variable's name and not its value.
    """

    api_key: str = Field(
        default="",
        repr=False,
        description="Secret or restricted key. A restricted key needs Reporting: write and Files: read.",
    )
    api_base: str = Field(
        default="", description="Address of Stripe's API. If empty: STRIPE_API_BASE, or else Stripe's own."
    )
    files_base: str = Field(
        default="",
        description="Address of Stripe's files host. If empty: STRIPE_FILES_BASE, or else Stripe's own.",
    )
    stripe_account: str | None = Field(
        default=None, description="Connected account to act as (header Stripe-Account)."
    )
    poll_initial_seconds: float = Field(default=0.5, description="Pause before a report run is first polled.")
    poll_factor: float = Field(default=1.5, description="How much longer each further pause is.")
    poll_longest_seconds: float = Field(default=30.0, description="The longest pause.")
    stuck_after_seconds: float = Field(
        default=1800.0,
        description="A report run that stays pending this long is replaced, at most three times.",
    )
    release_after_seconds: float = Field(
        default=600.0,
        description="After this long with nothing but pending report runs, the step makes room for others and"
        " is retried later; it then continues with the same report runs.",
    )
    wait_for_data_seconds: float = Field(
        default=86400.0,
        description="How long a run waits for data that Stripe does not have yet. A day whose data cannot be"
        " expected within that time fails at once.",
    )
    max_runs_in_flight: int = Field(
        default=MAX_RUNS_IN_FLIGHT,
        description="How many report runs of one step are pending at the same time.",
    )
    calls_per_second: float = Field(
        default=CALLS_PER_SECOND,
        description="Calls to the API host with this key, by all steps in the process, and half as many to"
        " the files host. Stripe's rate limit errors lower it.",
    )
    adopt_within_hours: float = Field(
        default=168.0,
        description="How old an equal report run may be to be adopted, in place of a new one; 0 adopts none.",
    )
    max_network_retries: int = Field(
        default=4, description="How often the Stripe SDK repeats a request whose connection broke."
    )

    _steps: list[Generator[Any]] = PrivateAttr(default_factory=list)

    def close_after_execution(self, step: Generator[Any]) -> None:
        """Close the step when the run is over, however it ends: Dagster drops a step that it interrupts."""
        self._steps.append(step)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002
        """Close the steps that have not ended."""
        while self._steps:
            self._steps.pop().close()

    @cached_property
    def account(self) -> Account:
        """The account. Raises ConfigurationError if the key is missing."""
        return Account(self._api(max_network_retries=self.max_network_retries))

    @cached_property
    def sensor_account(self) -> Account:
        """The account for schedules and sensors: a call gives up within half a minute, as Dagster ends an
        evaluation after a minute. Raises ConfigurationError if the key is missing."""
        return Account(
            self._api(max_network_retries=1, rate_limit_attempts=1, trouble_attempts=1, timeout_seconds=10.0)
        )

    def _api(self, **patience: Any) -> StripeApi:
        return StripeApi(
            self.api_key,
            api_base=self.api_base,
            files_base=self.files_base,
            stripe_account=self.stripe_account,
            calls_per_second=self.calls_per_second,
            **patience,
        )

    @property
    def settings(self) -> LandingSettings:
        """The settings of landing. Raises ConfigurationError for values that make no sense."""
        return LandingSettings(
            max_runs_in_flight=self.max_runs_in_flight,
            poll_initial=self.poll_initial_seconds,
            poll_factor=self.poll_factor,
            poll_longest=self.poll_longest_seconds,
            stuck_after=self.stuck_after_seconds,
            adopt_within=self.adopt_within_hours * 3600,
            release_after=self.release_after_seconds,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_base={self.api_base!r}, stripe_account={self.stripe_account!r})"

    __str__ = __repr__


class ReportLakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The root of all tables: a local directory or `s3://bucket/prefix`.

    On S3, credentials and region come from all that AWS' own tools know (variables, profiles, roles), or
    from dagster-aws' `S3Resource` where one is given: its profile, keys, region and endpoint.
    """

    uri: str = Field(default="lake", description="A local directory or s3://bucket/prefix.")
    keep_csv: bool | None = Field(
        default=None,
        description="Keep each CSV as it came, in _csv/ of the lake: what a table can be verified against. By"
        " default, all are kept but those of days whose personal data is hashed or dropped.",
    )
    pii_key: str = Field(
        default="",
        repr=False,
        description="Secret of the hashes of personal data, at least 32 characters. If empty:"
        " STRIPE_REPORTS_PII_KEY.",
    )
    # Any, because importing dagster_aws here would add a second to every load of the code location.
    s3: dg.ResourceDependency[Any | None] = None  # type: ignore[assignment]

    @cached_property
    def lake(self) -> "Lake":
        """The lake, opened once per resource. Raises ConfigurationError as `open_lake` does."""
        from stripe_reports.lake import open_lake

        return open_lake(self.uri, s3=self.s3, keep_csv=self.keep_csv, pii_key=self.pii_key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(uri={self.uri!r})"

    __str__ = __repr__
