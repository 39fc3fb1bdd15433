"""`StripeReports`: one account's reports in a Dagster project, whole or part by part."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial

import dagster as dg

from stripe_reports.lake import Pii
from stripe_reports.landing import ReportRequest
from stripe_reports.orchestration import assets as report_assets
from stripe_reports.orchestration import automation, books, failed_runs
from stripe_reports.orchestration.code_location import account_resources, code_location
from stripe_reports.orchestration.jobs import AssetJob, reconcile_job, reports_job
from stripe_reports.orchestration.names import AccountNames
from stripe_reports.orchestration.resources import ReportLakeResource, StripeResource

START_DATE = "2023-01-01"
_SCHEDULE, _SENSOR = dg.DefaultScheduleStatus, dg.DefaultSensorStatus
_SINGLE_RUN = dg.BackfillPolicy.single_run()


class StripeReports:
    """The reports of one Stripe account: their assets, job, schedules and sensors.

    `select`: ids, globs (`payouts.*`) and presets (`core`). A partition is a day in `timezone`, from local
    midnight to local midnight, beginning with `start_date`; `partitions_def` replaces these two. `requests`:
    columns and run parameters by report type, glob or preset; for a report type that several name, the last
    one counts. `pii`: `keep`, `hash` or `drop` personal data, also by report type, glob or preset.
    `range_runs`: whether days of an itemized report may come from one report run of up to a calendar month.
    `backfill_policy`: by default, all days of a backfill are one run. `get_asset_spec` changes keys'
    prefixes, groups, owners or tags; begin with `stripe_report_spec`. `execute` runs instead of `land`.

    `account` names one of several accounts in a code location, such as `eu`: its asset keys are
    `["stripe_reports", "eu", table]`, and its groups, job, schedules, sensors and resources (`stripe_eu`,
    `report_lake_eu`) have names of their own; its steps are in the pool `stripe_eu`. `pool` names another.

    Wrong arguments raise UnknownReportTypeError, ConfigurationError or DayError.
    """

    def __init__(
        self,
        select: str | Iterable[str] = "core",
        *,
        start_date: str = START_DATE,
        timezone: str = "UTC",
        partitions_def: dg.DailyPartitionsDefinition | None = None,
        requests: Mapping[str, ReportRequest] | None = None,
        pii: Pii | Mapping[str, Pii] = "keep",
        range_runs: bool = True,
        backfill_policy: dg.BackfillPolicy | None = _SINGLE_RUN,
        get_asset_spec: report_assets.GetAssetSpec | None = None,
        execute: report_assets.Execute | None = None,
        account: str | None = None,
        pool: str | None = None,
    ) -> None:
        self._names = AccountNames(account)
        self._reports = report_assets.select_reports(
            select,
            names=self._names,
            partitions_def=partitions_def or report_assets.daily_partitions(start_date, timezone),
            requests=requests or {},
            pii=pii,
            range_runs=range_runs,
            get_asset_spec=get_asset_spec,
        )
        self._step = execute or self.land, backfill_policy, pool or self._names.pool

    @property
    def partitions_def(self) -> dg.DailyPartitionsDefinition:
        """The days, for assets of yours that are partitioned alike."""
        return self._reports.partitions_def

    @cached_property
    def assets(self) -> Sequence[dg.AssetsDefinition]:
        """The report assets: one multi-asset of which any part can be materialized.

        It needs the resources `stripe` (StripeResource) and `report_lake` (ReportLakeResource), and
        `report_lake_io_manager` (ReportLakeIOManager) where another asset takes a report as a parameter.
        """
        return [report_assets.landing_asset(self._reports, *self._step)]

    def land(
        self, context: dg.AssetExecutionContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> Iterator[report_assets.StepEvent]:
        """Land what the step of `assets` selects, and yield what Dagster records."""
        return report_assets.land_selected(self._reports, context, stripe, report_lake)

    @cached_property
    def job(self) -> AssetJob:
        """The job `stripe_reports`: one day of all reports. Schedules and sensors request runs of it."""
        return reports_job(self._names, self.assets)

    def daily_schedule(
        self,
        *,
        catch_up_days: int = automation.CATCH_UP_DAYS,
        cron_schedule: str = automation.DAILY_CRON,
        default_status: dg.DefaultScheduleStatus = _SCHEDULE.STOPPED,
    ) -> dg.ScheduleDefinition:
        """Request, at 13:00 UTC, the newest day whose data Stripe has and the `catch_up_days` days before it.

        Days that have landed or that a run is landing are left out. One call asks Stripe how far its data go;
        where Stripe is unreachable, its documented delays decide. The next day's tick requests a failed day
        again, as long as it is among these. A tick that is repeated starts its runs once.
        """
        return automation.daily_schedule(
            self._reports,
            self.job,
            catch_up_days=catch_up_days,
            cron_schedule=cron_schedule,
            default_status=default_status,
        )

    def availability_sensor(
        self,
        *,
        catch_up_days: int = automation.CATCH_UP_DAYS,
        poll_seconds: float = 60.0,
        minimum_interval_seconds: int = 15,
        default_status: dg.DefaultSensorStatus = _SENSOR.STOPPED,
    ) -> dg.SensorDefinition:
        """Request a day as soon as Stripe has its data, and the `catch_up_days` days before it.

        Days that have landed or that a run is landing are left out. One call asks Stripe every `poll_seconds`
        and where the webhook receiver has kept an event about new data (the lake's inbox is read every
        `minimum_interval_seconds`). Each day becomes the newest one once, so a day that fails is requested
        once, and a `data_available_end` that moves within a day requests nothing.
        """
        return automation.availability_sensor(
            self._reports,
            self.job,
            catch_up_days=catch_up_days,
            poll_seconds=poll_seconds,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
        )

    def pickup_sensor(
        self,
        *,
        poll_seconds: float = 60.0,
        look_back_days: float = 7.0,
        minimum_interval_seconds: int = 10,
        default_status: dg.DefaultSensorStatus = _SENSOR.STOPPED,
    ) -> dg.SensorDefinition:
        """Land external report runs: those that succeeded and that no Dagster run has created.

        Stripe's events are read every `poll_seconds`, or its list of report runs where the key may not read
        events; at first those of the last `look_back_days`. The webhook receiver's events are read every
        `minimum_interval_seconds`. A report run lands if it covers one day, or several days of an itemized
        report; its columns may differ. It must have been created when Stripe had all data of its days: after
        the documented delay, or after the sensor saw that the data are there. The newest one lands for a day.
        Days that have landed or are landing stay as they are. The tick says why others do not land.
        """
        return automation.pickup_sensor(
            self._reports,
            self.job,
            poll_seconds=poll_seconds,
            look_back_days=look_back_days,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
        )

    def failed_runs_sensor(
        self,
        *,
        alert_url: str | None = None,
        alert: Callable[[failed_runs.Alert], None] | None = None,
        webserver_url: str = failed_runs.WEBSERVER_URL,
        request_again_after: Sequence[float] = failed_runs.REQUEST_AGAIN_AFTER,
        minimum_interval_seconds: int = 30,
        default_status: dg.DefaultSensorStatus = _SENSOR.STOPPED,
    ) -> dg.SensorDefinition:
        """Alert about what did not land, and request it again after a pause.

        The sensor looks at failed runs that planned one of the reports (also those of the UI and of
        backfills), unless Dagster will retry them; at report runs that Stripe marks failed while no Dagster
        run is landing their days; and at days of the reconciliation whose blocking checks made a run fail.
        It leaves alone what failed before its first evaluation.

        An alert is a line in the log, a JSON POST to `alert_url` (with `text`, as Slack's incoming webhooks
        take it), and a call of `alert`. More than ten failures at once become one alert for each kind and
        error. The POST is tried in up to sixty evaluations, the call is made once. Links lead to
        `webserver_url`.

        `request_again_after` are the seconds from each failure of a day to the next request for it, whose run
        has its number in the tag `stripe_reports/attempt`. Days that have landed or that a run is landing are
        not requested, nor what another run cannot mend (bad data, a wrong key). The first failure, the last,
        and a change of its kind are alerts.
        """
        return failed_runs.failed_runs_sensor(
            self._reports,
            self.job,
            books=books.books_keys(self._reports),
            alert_url=alert_url,
            alert=alert,
            webserver_url=webserver_url,
            request_again_after=request_again_after,
            minimum_interval_seconds=minimum_interval_seconds,
            default_status=default_status,
        )

    def submit_job(self, *, catch_up_days: int = automation.CATCH_UP_DAYS) -> dg.JobDefinition:
        """Create the report runs that landing would create, and end without waiting for them.

        Hundreds may be pending and hold no process. By default they are those of the days that the daily
        schedule requests. No report run is created twice, neither here nor when the same days land. Reports
        on single payouts are left to the run that lands them.
        """
        return automation.submit_job(self._reports, catch_up_days=catch_up_days)

    def submit_schedule(
        self,
        *,
        cron_schedule: str = automation.DAILY_CRON,
        default_status: dg.DefaultScheduleStatus = _SCHEDULE.STOPPED,
    ) -> dg.ScheduleDefinition:
        """Run the submit job at 13:00 UTC. Its report runs land by the pickup sensor, or with their days."""
        return automation.submit_schedule(
            self._reports, cron_schedule=cron_schedule, default_status=default_status
        )

    def repull_schedule(
        self,
        *,
        window_days: int = automation.WINDOW_DAYS,
        cron_schedule: str = automation.REPULL_CRON,
        select: str | Iterable[str] | None = None,
        default_status: dg.DefaultScheduleStatus = _SCHEDULE.STOPPED,
    ) -> dg.ScheduleDefinition:
        """Land, once a week, the newest `window_days` days of each report once more, from new report runs.

        `select`: ids, globs and presets; by default the report types whose rows Stripe changes after the fact
        (`ReportType.rows_change`). The newest day follows from Stripe's documented delays. `cron_schedule` is
        in UTC. Only days that have landed are requested. The metadata of a materialization say what has
        changed, and where amounts have, the check `restated` warns.
        """
        return automation.repull_schedule(
            self._reports,
            self.job,
            window_days=window_days,
            cron_schedule=cron_schedule,
            select=select,
            default_status=default_status,
        )

    def reconciliation(
        self,
        *,
        identities: Iterable[str] | None = None,
        severity: books.Severity | Mapping[str, books.Severity] = books.Severity.ERROR,
        blocking: bool = True,
        backfill_policy: dg.BackfillPolicy | None = _SINGLE_RUN,
    ) -> dg.AssetsDefinition:
        """Return the asset that evaluates the identities between Stripe's reports, exactly.

        Its table has a row for each identity and currency of a day: `identity`, `currency`, `outcome`
        (`holds`, `broken`, `not_applicable`, `missing`), `expected`, `actual`, `residual`, `reason`. Each
        identity is a partitioned check, with the rows to look at where it is broken. The check `chain` looks
        at all landed days of the balance summary: each must start with what the one before ended with.

        `identities`: their names, such as `balance_adds_up`, all by default; one whose reports are not
        selected has no check. `severity` of a broken identity, or by identity (and `chain`); what is missing
        or not applicable warns. With `blocking`, assets that depend on this one do not run after an error.
        """
        return books.reconciliation_asset(
            self._reports,
            identities=identities,
            severity=severity,
            blocking=blocking,
            backfill_policy=backfill_policy,
        )

    def downstream(
        self,
        select: str | Iterable[str] = "all",
        *,
        waivers: Mapping[str, str] | None = None,
        accounts: Mapping[str, str] | None = None,
        after_reconciliation: bool = True,
    ) -> list[dg.AssetsDefinition]:
        """Return `daily_activity`, `daily_fees`, `payout_statements` and `month_end_close`.

        `select`: names of them, or `all` that the selected reports allow; one that is named and lacks a
        report raises ConfigurationError. `waivers`: why an identity need not hold for a month to be closed,
        by its name. `accounts`: accounts of the journal instead of the usual ones, by reporting category.
        `after_reconciliation`: whether the daily ones depend on the reconciliation, and are not made in a run
        in which it fails. A month is closed in the reports' time zone, from the first whole month on.
        """
        return books.downstream_assets(
            self._reports,
            select,
            waivers=waivers or {},
            accounts=accounts or {},
            after_reconciliation=after_reconciliation,
        )

    def reconcile_job(self) -> AssetJob:
        """Reconcile the days of a run, and make the daily downstream assets of these days."""
        return reconcile_job(self._names, books.daily_selection(self._reports))

    def books_sensor(
        self, *, default_status: dg.DefaultSensorStatus = _SENSOR.STOPPED
    ) -> dg.AutomationConditionSensorDefinition:
        """Request each day of the reconciliation and of the daily downstream assets once its reports landed.

        A day is requested again whenever one of its reports landed again; the assets of one day in one run.
        The reconciliation does not wait for a report of which no day has ever landed. People close months.
        """
        selection = books.daily_selection(self._reports)
        return books.books_sensor(self._names, selection, default_status=default_status)

    def definitions(
        self,
        *,
        stripe: StripeResource,
        report_lake: ReportLakeResource,
        reconciliation: books.Severity | Mapping[str, books.Severity] | None = books.Severity.ERROR,
        downstream: str | Iterable[str] = (),
        catch_up_days: int = automation.CATCH_UP_DAYS,
        alert_url: str | None = None,
        alert: Callable[[failed_runs.Alert], None] | None = None,
        webserver_url: str = failed_runs.WEBSERVER_URL,
        request_again_after: Sequence[float] = failed_runs.REQUEST_AGAIN_AFTER,
        running: Iterable[str] = (),
    ) -> dg.Definitions:
        """Return all of these parts, with the resources.

        `reconciliation`: how severe a broken identity is; None, or a selection without core reports, leaves
        the reconciliation out. `downstream`: names of the downstream assets, or `all`. `running`: names of
        the schedules and sensors (without the account, as in `stripe_reports_daily`) that run from the start,
        unless they are switched in the UI.
        """
        return code_location(
            self,
            self._reports,
            resources=account_resources(self._names, stripe, report_lake),
            reconciliation=reconciliation,
            downstream=downstream,
            catch_up_days=catch_up_days,
            failed_runs=partial(
                self.failed_runs_sensor,
                alert_url=alert_url,
                alert=alert,
                webserver_url=webserver_url,
                request_again_after=request_again_after,
            ),
            running=running,
        )
