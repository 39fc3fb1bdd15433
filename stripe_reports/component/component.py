"""`StripeReportsComponent`: the reports of one Stripe account, from a YAML file."""

# No `from __future__ import annotations` in this wing: Dagster and pydantic read annotations at run time.
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Any, cast

import dagster as dg
from dagster.components.utils.translation import TranslationFn, TranslationFnResolver
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, PrivateAttr

from stripe_reports.catalog import ReportType
from stripe_reports.component import values
from stripe_reports.component.attribute import Attribute, VariableName, naming
from stripe_reports.component.scaffolder import StripeReportsScaffolder
from stripe_reports.errors import ConfigurationError

if TYPE_CHECKING:
    from stripe_reports.orchestration import (
        ReportLakeResource,
        StepEvent,
        StripeReports,
        StripeResource,
    )


_SEVERITIES = {
    True: dg.AssetCheckSeverity.ERROR,
    "error": dg.AssetCheckSeverity.ERROR,
    "warn": dg.AssetCheckSeverity.WARN,
}


class _Translation(TranslationFnResolver[ReportType]):
    """Dagster's translation, without what is not to be changed."""

    def __init__(self) -> None:
        super().__init__(
            lambda report_type: {"report_type": report_type}, model_field_type=values.Translation
        )
        self.description = (
            "Changes to the report assets: key_prefix (before the key), group_name, owners, tags, metadata,"
            " description and so on; templates may use `report_type` and `spec`."
        )
        self.examples = [{"group_name": "stripe_{{ report_type.group }}"}]

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        return dict(values.TRANSLATION)


@dg.scaffold_with(StripeReportsScaffolder)
class StripeReportsComponent(dg.Component, dg.Model, dg.Resolvable):
    """Land the financial reports of one Stripe account as exact, typed Parquet tables.

    Each report type is a daily-partitioned asset. The component also has a job, schedules and sensors, and
    checks that the reports agree to the cent.

    Example of a `defs.yaml`:

        type: stripe_reports.StripeReportsComponent
        attributes:
          api_key: "{{ env.STRIPE_API_KEY }}"
          lake: s3://finance-lake/stripe
          select: core, tax
          start_date: "2025-01-01"

    Several files are several accounts if each names its own `account`. A subclass may override
    `get_asset_spec` and `execute`.
    """

    # Errors of pydantic would show what is given, such as the address for alerts.
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    api_key: Annotated[
        InstanceOf[dg.EnvVar],
        VariableName(
            "The environment variable that holds the secret or restricted key.",
            example="{{ env.STRIPE_API_KEY }}",
        ),
    ]
    lake: Annotated[
        str,
        Attribute(
            "The root of all tables: a directory or s3://bucket/prefix.", example="s3://finance-lake/stripe"
        ),
    ]
    select: Annotated[
        str | Sequence[str],
        Attribute(
            "Report types: ids, globs and presets, separated by commas or as a list.",
            example="core, tax, payouts.*",
            type=str | list[str],
            schema=lambda: values.TEXTS,
            value=values.selection,
        ),
    ] = "core"
    start_date: Annotated[
        str,
        Attribute(
            "The first partition, as YYYY-MM-DD.",
            example="2025-01-01",
            schema=lambda: values.DAY,
            value=values.day,
        ),
    ] = "2023-01-01"
    timezone: Annotated[
        str,
        Attribute("The time zone in which a day begins.", example="Europe/Berlin", value=values.zone),
    ] = "UTC"
    account: Annotated[
        str | None,
        Attribute(
            "The name of one of several accounts, which becomes a part of all names in Dagster.",
            example="eu",
            type=str | None,
            value=values.account,
        ),
    ] = None
    reports: Annotated[
        Mapping[str, Any],
        Attribute(
            "What reports are asked for, by report type, glob or preset: columns, metadata_columns,"
            " optional_columns, parameters, pii.",
            example={
                "payout_reconciliation.itemized.5": {"metadata_columns": ["payment_metadata[order_id]"]}
            },
            type=dict[str, dict[str, Any]],
            schema=lambda: values.REQUESTS,
            value=values.requests,
        ),
    ] = Field(default_factory=dict)
    reconciliation: Annotated[
        bool | str | Mapping[str, str],
        Attribute(
            "How severe a broken identity is: error or warn, or by identity; false reconciles nothing.",
            example="warn",
            type=bool | str | dict[str, str],
            schema=values.reconciliation_schema,
            value=values.reconciliation,
        ),
    ] = "error"
    downstream: Annotated[
        Sequence[str],
        Attribute(
            "Assets built on the tables: all, or a list of names.",
            example="all",
            type=str | list[str],
            schema=values.downstream_schema,
            value=values.downstream,
        ),
    ] = ()
    automation: Annotated[
        Sequence[str],
        Attribute(
            "Schedules and sensors that run from the start, without the account in their names.",
            example=["stripe_reports_daily", "stripe_reports_failed_runs"],
            type=str | list[str],
            schema=values.automation_schema,
            value=values.automation,
        ),
    ] = ()
    alert_url: Annotated[
        str | None,
        Attribute("The address that alerts are posted to.", example="{{ env.ALERT_URL }}", type=str | None),
    ] = Field(default=None, repr=False)
    webserver_url: Annotated[
        str,
        Attribute("The Dagster UI, for the links in alerts.", example="https://dagster.example.com"),
    ] = "http://127.0.0.1:3000"
    keep_csv: Annotated[
        bool | None,
        Attribute(
            "Whether the CSVs are kept beside the tables; by default, those without hashed or dropped data.",
            example=False,
            type=bool | str,
            schema=lambda: values.SWITCH,
            value=values.switch,
        ),
    ] = None
    pii: Annotated[
        Any,
        Attribute(
            "What happens to personal data: keep, hash or drop, or by report type, glob or preset.",
            example="hash",
            type=str | dict[str, str],
            schema=lambda: values.PII,
            value=values.pii,
        ),
    ] = "keep"
    pii_key: Annotated[
        InstanceOf[dg.EnvVar] | None,
        VariableName(
            "The environment variable that holds the secret of the hashes.",
            example="{{ env.STRIPE_REPORTS_PII_KEY }}",
        ),
    ] = None
    max_runs_in_flight: Annotated[
        int,
        Attribute(
            "Report runs of one Dagster run that may be pending at the same time.",
            example=4,
            type=int | str,
            schema=lambda: values.COUNT,
            value=values.count,
        ),
    ] = 8
    api_base: Annotated[
        str,
        Attribute("Another server than Stripe's API, such as the sandbox.", example="http://127.0.0.1:12111"),
    ] = ""
    files_base: Annotated[
        str, Attribute("Another server than Stripe's files host.", example="http://127.0.0.1:12112")
    ] = ""
    owners: Annotated[
        Sequence[str],
        Attribute(
            "Owners of all assets.", example=["team:finance"], type=list[str], schema=lambda: values.LIST
        ),
    ] = ()
    tags: Annotated[
        Mapping[str, str],
        Attribute(
            "Tags of all assets.",
            example={"domain": "finance"},
            type=dict[str, str],
            schema=lambda: values.TAGS,
        ),
    ] = Field(default_factory=dict)
    translation: Annotated[TranslationFn[ReportType] | None, _Translation()] = None

    _source: dg.ResolutionContext | None = PrivateAttr(default=None)

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> "StripeReportsComponent":
        """Return the component, which knows its file. Raises AttributeValueError for what makes no sense."""
        component: StripeReportsComponent = super().resolve_from_model(context, model)
        component._source = context
        return component

    @cached_property
    def stripe_reports(self) -> "StripeReports":
        """The reports, for parts of your own."""
        from stripe_reports.orchestration import StripeReports

        return StripeReports(
            self.select,
            start_date=self.start_date,
            timezone=self.timezone,
            requests=self.reports,
            pii=self.pii,
            get_asset_spec=self._translated_spec,
            execute=self.execute,
            account=self.account,
        )

    def get_asset_spec(self, report_type: ReportType) -> dg.AssetSpec:
        """Return the asset spec of a report type, to which `translation` is then applied.

        Override it to change prefixes of keys, groups, owners or tags; begin with `super().get_asset_spec`.
        """
        from stripe_reports.orchestration import stripe_report_spec

        return stripe_report_spec(report_type, account=self.account)

    def execute(
        self,
        context: dg.AssetExecutionContext,
        stripe: "StripeResource",
        report_lake: "ReportLakeResource",
    ) -> "Iterator[StepEvent]":
        """Land what the step selects, and yield what Dagster records.

        Override it to do something before or after; in between, yield from `super().execute`. That raises
        dg.Failure, which says what did not land, after everything else has landed.
        """
        yield from self.stripe_reports.land(context, stripe, report_lake)

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return what `StripeReports.definitions` returns. Raises StripeReportsError."""
        from stripe_reports.orchestration import ReportLakeResource, StripeReports, StripeResource

        with naming(self._at("account")):
            self._refuse_another(context)
        # What is wrong with one attribute alone was refused when the file was read.
        if isinstance(self.pii, Mapping):
            with naming(self._at("pii")):
                StripeReports(self.select, pii=self.pii)
        with naming(self._at("reports")):
            reports = self.stripe_reports
        with naming(self._at("downstream")):
            definitions = reports.definitions(
                stripe=StripeResource(
                    api_key=self.api_key,
                    api_base=self.api_base,
                    files_base=self.files_base,
                    max_runs_in_flight=self.max_runs_in_flight,
                ),
                report_lake=ReportLakeResource(
                    uri=self.lake, keep_csv=self.keep_csv, pii_key=self.pii_key or ""
                ),
                reconciliation=self._severity(),
                downstream=self.downstream,
                alert_url=self.alert_url,
                webserver_url=self.webserver_url,
                running=self.automation,
            )
        of_all = partial(dg.AssetSpec.merge_attributes, owners=self.owners, tags=self.tags)
        with naming(self._at("owners")):
            assets = dg.map_asset_specs(of_all, cast("Sequence[dg.AssetsDefinition]", definitions.assets))
        return dg.Definitions(
            assets=list(assets),
            jobs=definitions.jobs,
            schedules=definitions.schedules,
            sensors=definitions.sensors,
            resources=definitions.resources,
        )

    def _refuse_another(self, context: dg.ComponentLoadContext) -> None:
        if self._source is None or self._source.source_position_tree is None:
            return  # made by Python, maybe in a test without a project
        components = context.component_tree.get_all_components(of_type=StripeReportsComponent)
        if len([each for each in components if each.account == self.account]) > 1:
            names = f"the account {self.account!r}" if self.account else "an account without a name"
            raise ConfigurationError(f"several components are for {names}; give each its own `account`")

    def _translated_spec(self, report_type: ReportType) -> dg.AssetSpec:
        spec = self.get_asset_spec(report_type)
        if self.translation is None:
            return spec
        with naming(self._at("translation")):
            return self.translation(spec, report_type)

    def _severity(self) -> dg.AssetCheckSeverity | Mapping[str, dg.AssetCheckSeverity] | None:
        if isinstance(self.reconciliation, Mapping):
            return {name: _SEVERITIES[each] for name, each in self.reconciliation.items()}
        return _SEVERITIES[self.reconciliation] if self.reconciliation else None

    def _at(self, attribute: str) -> dg.ResolutionContext | None:
        return self._source and self._source.at_path(attribute)
