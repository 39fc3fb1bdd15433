"""A mistake in the file: `dg` names the file, the line, and what is allowed."""

from __future__ import annotations

import re

import dagster as dg
import pytest
from click.testing import CliRunner
from dagster.components.core.component_tree import ComponentTreeException
from dagster.components.testing.utils import component_defs
from dagster_dg_cli.cli import create_dg_cli
from pydantic import ValidationError

from stripe_reports import StripeReportsComponent
from stripe_reports.errors import UnknownReportTypeError
from stripe_reports_tests.component.support import definitions, last_line, line_of, project, with_attributes

_TYPE = "stripe_reports.StripeReportsComponent"
_SECRET = "sk_live_Zq9uniqueuniqueunique"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", _SECRET)


def _check_yaml(text: str) -> tuple[int, str]:
    """What `dg check yaml` prints, with the exit code."""
    with project(stripe=text) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.chdir(sandbox.project_root)
        done = CliRunner().invoke(create_dg_cli(), ["check", "yaml"])
        return done.exit_code, done.output


# Each file has many mistakes, because each start of `dg` costs a quarter of a second.
_FOUND_BY_THE_SCHEMA = [
    {
        "selct: core": "('selct' was unexpected)",
        "start_date: soon": "'soon' does not match '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'",
        "reconciliation: fatal": "'fatal' is not one of ['error', 'warn']",
        "automation: [daily]": "'daily' is not one of ['stripe_reports_daily', ",
        "downstream: [daily_fee]": "'daily_fee' is not one of ['daily_activity', ",
        "keep_csv: maybe": "'maybe' is not of type 'boolean'",
        "pii: hide": "'hide' is not one of ['keep', 'hash', 'drop']",
        "max_runs_in_flight: 0": "0 is less than the minimum of 1",
        "reports: {payouts.*: {colums: [a]}}": "('colums' was unexpected)",
        "translation: {key: balance}": "('key' was unexpected)",
        "tags: {tier: 1}": "1 is not of type 'string'",
        "owners: team:finance": "'team:finance' is not of type 'array'",
    },
    {
        "start_date: 2025": "2025 is not of type 'string'",
        "reconciliation: {chain: fatal}": "'fatal' is not one of ['error', 'warn']",
        "automation: daily": "'daily' is not one of ['stripe_reports_daily', ",
        "max_runs_in_flight: many": "'many' is not of type 'integer'",
    },
    {"reconciliation: {chian: warn}": "'chian' is not one of ['"},
]


@pytest.mark.parametrize("mistakes", _FOUND_BY_THE_SCHEMA, ids=len)
def test_dg_check_yaml_finds_it_with_its_line_and_what_is_allowed(mistakes: dict[str, str]) -> None:
    text = with_attributes("\n".join(mistakes))
    code, printed = _check_yaml(text)
    assert code == 1
    for line, says in mistakes.items():
        attribute = line.partition(":")[0]
        place = f"defs.yaml:{line_of(text, attribute)} - {_TYPE} attributes.{attribute}"
        (message,) = (each for each in printed.split("\n\n") if place in each)
        assert says in message
    assert printed.count("defs.yaml:") == len(mistakes), "one message for each"


def test_a_file_without_the_lake_lacks_it() -> None:
    code, printed = _check_yaml(with_attributes("lake: lake").replace("  lake: lake\n", ""))
    assert code == 1
    assert "'lake' is a required property" in printed


def test_templates_and_all_forms_of_a_value_are_taken() -> None:
    text = with_attributes(
        """
        start_date: "{{ env.START }}"
        reconciliation: {chain: warn}
        automation: "{{ names }}"
        downstream: ["{{ name }}", daily_fees]
        keep_csv: "{{ env.KEEP_CSV }}"
        max_runs_in_flight: "{{ env.MOST }}"
        reports: {core: {columns: "{{ columns }}", parameters: {currency: eur}}}
        translation: "{{ translate }}"
        """
    )
    assert _check_yaml(text) == (0, "All component YAML validated successfully.\n")


@pytest.mark.parametrize(
    ("attribute", "lines", "says"),
    [
        (
            "select",
            "select: balance.sumary.1",
            "unknown report type or preset 'balance.sumary.1'; did you mean 'balance.summary.1'",
        ),
        ("start_date", "start_date: 2025-02-30", "'2025-02-30' is not a day; write YYYY-MM-DD"),
        ("timezone", "timezone: Berlin", "unknown time zone 'Berlin'; use an IANA name"),
        ("account", "account: E U", "the account 'E U' cannot be a part of Dagster's names"),
        ("reports", "reports: {payouts.itemised.3: {columns: [a]}}", "did you mean 'payouts.itemized.3'"),
        (
            "reports",
            "reports: {connect: {columns: [a]}}",
            "a request is given for 'connect', which is not selected",
        ),
        (
            "reports",
            "reports: {payouts.itemized.3: {columns: [payout]}}",
            "it has no column 'payout'; it has ",
        ),
        ("pii", "pii: {payouts.itemised.3: hash}", "did you mean 'payouts.itemized.3'"),
        ("pii", "pii: {connect: hash}", "pii is given for 'connect', which is not selected"),
        ("pii_key", "pii_key: secret-secret-secret", "give the name of an environment variable"),
        ("reports", "reports: {core: {pii: hide}}", "pii is 'hide'; set it to keep, hash or drop"),
        ("reconciliation", "reconciliation: fatal", "there is no severity 'fatal'; there are error, warn"),
        ("automation", "automation: stripe_report_daily", "did you mean 'stripe_reports_daily'"),
        (
            "downstream",
            "downstream: daily_fee",
            "there is no downstream asset 'daily_fee'; did you mean 'daily_fees'",
        ),
        ("downstream", "select: tax\ndownstream: daily_fees", "daily_fees needs the report "),
        ("keep_csv", "keep_csv: maybe", "'maybe' is neither true nor false"),
        ("max_runs_in_flight", "max_runs_in_flight: many", "'many' is not a whole number, 1 or more"),
        ("api_key", 'api_key: "{{ env.NO_KEY }}"', "the environment variable NO_KEY is not set; set it"),
        (
            "api_key",
            f"api_key: {_SECRET}",
            'give the name of an environment variable, as in "{{ env.STRIPE_API_KEY }}"',
        ),
        (
            "lake",
            'lake: "s3://{{ env.NO_BUCKET }}/stripe"',
            "the environment variable NO_BUCKET is not set; set it",
        ),
        ("timezone", "timezone: '{{ 1 + 1 }}'", "Input should be a valid string"),
        ("reports", "reports: {core: {colums: [a]}}", "there is no setting 'colums'; did you mean 'columns'"),
        ("owners", "owners: [finance]", "finance"),
        ("translation", "translation: {group_name: 'a b'}", "a b"),
    ],
)
def test_loading_ends_with_one_line(attribute: str, lines: str, says: str) -> None:
    text = with_attributes(lines)
    with pytest.raises(ComponentTreeException) as raised:
        definitions(stripe=text)
    line = last_line(raised.value)
    assert re.search(
        rf"AttributeValueError: \S*defs\.yaml:{line_of(text, attribute)} attributes\.{attribute}\b", line
    )
    assert says in line
    assert _SECRET not in line


@pytest.mark.parametrize(
    ("account", "which"), [("eu", "the account 'eu'"), ("null", "an account without a name")]
)
def test_two_files_for_one_account_are_refused(account: str, which: str) -> None:
    text = with_attributes(f"account: {account}")
    with pytest.raises(ComponentTreeException) as raised:
        definitions(one=text, other=text)
    says = f"several components are for {which}; give each its own `account`"
    assert last_line(raised.value).endswith(
        f"defs.yaml:{line_of(text, 'account')} attributes.account: {says}"
    )


def test_in_python_the_error_is_that_of_stripe_reports() -> None:
    component = StripeReportsComponent(
        api_key=dg.EnvVar("STRIPE_API_KEY"), lake="lake", select="balance.sumary.1"
    )
    with pytest.raises(UnknownReportTypeError, match=r"^unknown report type .* did you mean"):
        component_defs(component=component)


def test_a_key_in_python_is_refused_and_not_shown() -> None:
    with pytest.raises(ValidationError, match="EnvVar") as raised:
        StripeReportsComponent(api_key=_SECRET, lake="lake")  # type: ignore[arg-type]
    assert _SECRET not in str(raised.value)
