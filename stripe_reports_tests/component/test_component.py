"""The component is a thin client of `StripeReports`: a YAML file gives what its Python gives."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster.components.testing.utils import component_defs

from stripe_reports import (
    ReportLakeResource,
    ReportRequest,
    ReportType,
    StripeReports,
    StripeReportsComponent,
    StripeResource,
)
from stripe_reports.component import values
from stripe_reports.component.attribute import AttributeValueError
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.component.support import README_YAML, definitions, project, with_attributes
from stripe_reports_tests.orchestration.conftest import NEWEST, START

_KEY = "sk_test_Zq9uniqueuniqueunique"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", _KEY)


def _parts(built: dg.Definitions) -> dict[str, Any]:
    """All that definitions hold, in a form that can be compared."""
    repository = built.get_repository_def()
    return {
        "specs": {
            spec.key: spec._replace(metadata=_without_origin(spec))
            for spec in built.resolve_all_asset_specs()
        },
        "checks": sorted(map(str, repository.asset_graph.asset_check_keys)),
        "jobs": sorted(job.name for job in repository.get_all_jobs()),
        "schedules": {
            each.name: (each.cron_schedule, each.default_status) for each in repository.schedule_defs
        },
        "sensors": {
            each.name: (each.minimum_interval_seconds, each.default_status) for each in repository.sensor_defs
        },
        "resources": built.resources,
    }


def _without_origin(spec: dg.AssetSpec) -> dict[str, Any]:
    origin = ("dagster/code_references", "dagster/component_origin")
    return {name: value for name, value in spec.metadata.items() if name not in origin}


def test_the_file_of_the_readme_gives_the_definitions_of_its_python() -> None:
    reports = StripeReports("core, tax", start_date="2025-01-01")
    in_python = reports.definitions(
        stripe=StripeResource(api_key=dg.EnvVar("STRIPE_API_KEY")),
        report_lake=ReportLakeResource(uri="s3://finance-lake/stripe"),
    )
    assert _parts(definitions(stripe=README_YAML)) == _parts(in_python)


def test_every_attribute_reaches_the_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IN_FLIGHT", "3")
    monkeypatch.setenv("HASH_KEY", "k" * 32)
    built = definitions(
        stripe=with_attributes(
            """
            select: [balance.summary.1, payouts.itemized.3, payout_reconciliation.itemized.5]
            start_date: 2025-02-01
            timezone: Europe/Berlin
            account: eu
            reports:
              payouts.*: {columns: [payout_id, effective_at, currency], parameters: {currency: eur}}
            reconciliation: {chain: warn}
            downstream: payout_statements
            automation: [stripe_reports_daily]
            alert_url: https://alerts.example.com
            webserver_url: https://dagster.example.com
            keep_csv: false
            pii: {payout_reconciliation.*: hash}
            pii_key: "{{ env.HASH_KEY }}"
            max_runs_in_flight: "{{ env.IN_FLIGHT }}"
            api_base: http://127.0.0.1:1
            files_base: http://127.0.0.1:2
            """
        )
    )
    in_python = StripeReports(
        ["balance.summary.1", "payouts.itemized.3", "payout_reconciliation.itemized.5"],
        start_date="2025-02-01",
        timezone="Europe/Berlin",
        account="eu",
        requests={
            "payouts.*": ReportRequest(
                columns=["payout_id", "effective_at", "currency"], parameters={"currency": "eur"}
            )
        },
        pii={"payout_reconciliation.*": "hash"},
    ).definitions(
        stripe=StripeResource(
            api_key=dg.EnvVar("STRIPE_API_KEY"),
            api_base="http://127.0.0.1:1",
            files_base="http://127.0.0.1:2",
            max_runs_in_flight=3,
        ),
        report_lake=ReportLakeResource(
            uri="s3://finance-lake/stripe", keep_csv=False, pii_key=dg.EnvVar("HASH_KEY")
        ),
        reconciliation={"chain": dg.AssetCheckSeverity.WARN},
        downstream=["payout_statements"],
        alert_url="https://alerts.example.com",
        running=["stripe_reports_daily"],
    )
    assert _parts(built) == _parts(in_python)


def test_requests_reach_the_reports() -> None:
    request = ReportRequest(columns=["payout_id"], pii="drop")
    component = StripeReportsComponent(
        api_key=dg.EnvVar("STRIPE_API_KEY"), lake="lake", reports={"payouts.itemized.3": request}
    )
    assert component.stripe_reports._reports.requests["payouts.itemized.3"] is request


def test_it_can_be_tested_with_dagsters_utilities() -> None:
    attributes = {"api_key": "{{ env.STRIPE_API_KEY }}", "lake": "lake", "select": "payouts.*"}
    built = component_defs(component=StripeReportsComponent.from_attributes_dict(attributes=attributes))
    assert dg.AssetKey(["stripe_reports", "payouts_itemized_3"]) in built.resolve_all_asset_keys()


def test_without_reconciliation_there_is_none() -> None:
    keys = definitions(stripe=with_attributes("reconciliation: off")).resolve_all_asset_keys()
    assert {"balance_summary_1"} < {key.path[-1] for key in keys}
    assert not [key for key in keys if key.path[-1] == "reconciliation"]


def test_two_files_are_two_accounts_of_one_code_location(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = ("eu", "us")
    files = {}
    for account in accounts:
        monkeypatch.setenv(f"KEY_{account}", _KEY)
        files[account] = with_attributes(
            f"""
            account: {account}
            api_key: "{{{{ env.KEY_{account} }}}}"
            lake: s3://finance-lake/{account}
            """
        )
    built = definitions(**files)
    dg.Definitions.validate_loadable(built)
    resources = built.resources or {}
    assert {resources[f"report_lake_{account}"].uri for account in accounts} == {
        "s3://finance-lake/eu",
        "s3://finance-lake/us",
    }
    assert len(resources) == 2 * 3


def test_owners_and_tags_are_those_of_all_assets_and_translation_changes_reports() -> None:
    built = definitions(
        stripe=with_attributes(
            """
            owners: ["team:finance"]
            tags: {domain: money}
            downstream: all
            translation:
              key_prefix: finance
              group_name: "stripe_{{ report_type.group }}"
              description: "{{ report_type.name }} of the shop"
              metadata: {interval_of: "{{ report_type.interval }}"}
            """
        )
    )
    specs = {spec.key.path[-1]: spec for spec in built.resolve_all_asset_specs()}
    assert {"reconciliation", "month_end_close", "balance_summary_1"} <= set(specs)
    assert all(spec.owners == ["team:finance"] and spec.tags["domain"] == "money" for spec in specs.values())
    balance = specs["balance_summary_1"]
    assert balance.key == dg.AssetKey(["finance", "stripe_reports", "balance_summary_1"])
    assert balance.group_name == "stripe_balance"
    assert str(balance.description).endswith(" of the shop")
    assert balance.metadata["interval_of"] == "range"
    assert balance.metadata["dagster/table_name"] == "balance_summary_1", "it is merged"


class _Ours(StripeReportsComponent):
    """A component of a project."""

    def get_asset_spec(self, report_type: ReportType) -> dg.AssetSpec:
        return super().get_asset_spec(report_type).replace_attributes(group_name="ours")

    def execute(
        self, context: dg.AssetExecutionContext, stripe: StripeResource, report_lake: ReportLakeResource
    ) -> Iterator[Any]:
        context.log.info(f"before, from {stripe.api_base}")
        yield from super().execute(context, stripe, report_lake)
        context.log.info(f"after: {report_lake.lake.days('balance_summary_1')}")


def test_a_subclass_changes_specs_and_what_the_step_does(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", sandbox.key)
    component = _Ours(
        api_key=dg.EnvVar("STRIPE_API_KEY"),
        lake=str(tmp_path / "lake"),
        select="balance.summary.1",
        start_date=START,
        api_base=sandbox.api_base,
        files_base=sandbox.files_base,
    )
    built = component_defs(component=component)
    key = dg.AssetKey(["stripe_reports", "balance_summary_1"])
    assert built.resolve_asset_graph().get(key).group_name == "ours"
    job = built.resolve_implicit_global_asset_job_def()
    done = job.execute_in_process(partition_key=str(NEWEST), asset_selection=[key])
    assert done.success
    assert Lake.open(str(tmp_path / "lake")).days("balance_summary_1") == [NEWEST]
    said = capfd.readouterr().err
    assert said.index(f"before, from {sandbox.api_base}") < said.index("1 of 1 partitions landed")
    assert said.index("1 of 1 partitions landed") < said.index("after: [")


def test_no_part_of_the_component_holds_the_key(tmp_path: Path) -> None:
    alerts = "https://hooks.example.com/secret"
    with (
        project(stripe=with_attributes(f"alert_url: {alerts}")) as sandbox,
        sandbox.build_component_tree() as tree,
    ):
        (component,) = tree.get_all_components(of_type=StripeReportsComponent)
        built = tree.build_defs()
    shown = repr(component) + str(component) + repr(built.resources)
    assert _KEY not in shown
    assert alerts not in shown
    resource = (built.resources or {})["stripe"]
    config = resource.get_resource_definition().config_schema.default_value if resource else None
    assert config["api_key"] == {"env": "STRIPE_API_KEY"}, "what the UI shows"


def test_a_template_variable_of_the_project_may_be_the_key_by_name() -> None:
    file = "api_key: '{{ key }}'\nlake: '{{ lake }}'"
    scope = {"key": dg.EnvVar("OUR_KEY"), "lake": "lake"}
    component = StripeReportsComponent.resolve_from_yaml(file, scope=scope)
    assert component.api_key.env_var_name == "OUR_KEY"
    with pytest.raises(
        AttributeValueError, match="api_key: give the name of an environment variable"
    ) as raised:
        StripeReportsComponent.resolve_from_yaml(file, scope=scope | {"key": _KEY})
    assert _KEY not in str(raised.value)


def test_a_variable_is_a_text_also_if_it_looks_like_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCOUNT", "2025")
    file = "api_key: '{{ env.STRIPE_API_KEY }}'\nlake: lake\naccount: '{{ env.ACCOUNT }}'"
    assert StripeReportsComponent.resolve_from_yaml(file).account == "2025"


def test_a_variable_holds_names_with_commas_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAMES", "stripe_reports_daily, stripe_reports_books")
    monkeypatch.setenv("COLUMNS", "payout_id,currency")
    file = """
        api_key: "{{ env.STRIPE_API_KEY }}"
        lake: lake
        automation: "{{ env.NAMES }}"
        reports: {core: {columns: "{{ env.COLUMNS }}"}}
    """
    component = StripeReportsComponent.resolve_from_yaml(file)
    assert component.automation == ["stripe_reports_daily", "stripe_reports_books"]
    assert component.reports["core"] == ReportRequest(columns=["payout_id", "currency"])


def test_importing_the_component_costs_dagster_only() -> None:
    heavy = ("stripe", "pyarrow", "pandas", "numpy", "duckdb", "dagster_aws", "boto3", "obstore", "requests")
    code = (
        "import sys, stripe_reports\n"
        "names = {name: getattr(stripe_reports, name) for name in dir(stripe_reports)}\n"
        "found = [name for name, each in names.items() if hasattr(each, '__dg_package_entry__')]\n"
        f"print(found, [m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['StripeReportsComponent'] []", "as dg finds components"


def test_the_defaults_and_settings_are_those_of_the_python() -> None:
    reports = inspect.signature(StripeReports).parameters
    whole = inspect.signature(StripeReports.definitions).parameters
    given = {name: field.default for name, field in StripeReportsComponent.model_fields.items()}
    for name in ("select", "start_date", "timezone", "account", "pii"):
        assert given[name] == reports[name].default
    for name in ("downstream", "alert_url", "webserver_url"):
        assert given[name] == whole[name].default
    assert given["automation"] == whole["running"].default
    assert given["reconciliation"] == whole["reconciliation"].default.value.lower()
    assert given["keep_csv"] == ReportLakeResource().keep_csv
    assert given["max_runs_in_flight"] == StripeResource().max_runs_in_flight
    assert list(values.REQUEST) == [field.name for field in fields(ReportRequest)]
