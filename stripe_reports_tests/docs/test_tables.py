"""The pages' tables name what the code has."""

from __future__ import annotations

import re

from stripe_reports import StripeReports, StripeReportsComponent, definitions, environment
from stripe_reports.catalog import PRESETS, REPORT_TYPES
from stripe_reports.orchestration.books import DOWNSTREAM
from stripe_reports.orchestration.failed_runs.failure import Kind
from stripe_reports.orchestration.names import AUTOMATION
from stripe_reports.reconcile import IDENTITIES
from stripe_reports_tests.docs.pages import CHECKOUT, PAGES
from stripe_reports_tests.docs.variables import variables_read


def _first_cells(page: str) -> list[str]:
    """The code in the first cells of a page's tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", PAGES[page], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_every_variable_is_documented_and_no_other() -> None:
    documented = [name for name in _first_cells("docs/settings.md") if name.startswith("STRIPE_")]
    assert sorted(documented) == sorted(variables_read(definitions, environment))


def test_the_identities_are_those_that_are_evaluated() -> None:
    documented = dict(
        re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", PAGES["docs/reconciliation.md"], re.MULTILINE)
    )
    assert documented == {name: identity.statement for name, identity in IDENTITIES.items()}


def test_every_downstream_asset_is_documented() -> None:
    assert _first_cells("docs/month-close.md") == list(DOWNSTREAM)


def test_every_preset_is_documented() -> None:
    assert set(PRESETS) <= set(_first_cells("docs/report-types.md"))


def test_the_catalog_has_as_many_report_types_as_the_pages_say() -> None:
    assert f"The catalog holds {len(REPORT_TYPES)} report types." in PAGES["docs/report-types.md"]
    assert f"[{len(REPORT_TYPES)} report types]" in PAGES["README.md"]


def test_every_schedule_and_sensor_is_documented() -> None:
    assert sorted(_first_cells("docs/automation.md")) == sorted(AUTOMATION)


def test_every_kind_of_alert_has_its_advice() -> None:
    documented = _first_cells("docs/troubleshooting.md")
    assert documented[: len(Kind) + 1] == ["kind", *Kind]


def test_every_part_of_stripe_reports_is_documented() -> None:
    parts = [name for name in vars(StripeReports) if name[0] != "_"]
    assert set(parts) <= set(_first_cells("docs/in-your-project.md"))


def test_every_attribute_of_the_component_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (–|`[^`]+`) \| ", PAGES["docs/in-your-project.md"], re.MULTILINE)
    defaults = {
        name: "–"
        if field.is_required() or not field.get_default(call_default_factory=True)
        else field.default
        for name, field in StripeReportsComponent.model_fields.items()
    }
    assert rows == [(name, each if each == "–" else f"`{_yaml(each)}`") for name, each in defaults.items()]


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_dependency_has_its_reason() -> None:
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    names = re.findall(r'^    "([a-z0-9-]+)', text.split("dependencies = [")[1].split("]")[0], re.MULTILINE)
    documented = re.findall(r"^\| ([a-z][^|]*) \|", PAGES["docs/dependencies.md"], re.MULTILINE)
    assert sorted(name for row in documented for name in row.split(", ")) == sorted(["library", *names])
