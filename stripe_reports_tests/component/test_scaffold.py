"""`dg scaffold defs` writes a file that loads; the attributes in its comments load, too."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster.components.testing.utils import DefsFolderSandbox

from stripe_reports import StripeReportsComponent
from stripe_reports.component.scaffolder import StripeReportsParams, StripeReportsScaffolder
from stripe_reports_tests.component.support import definitions, project


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "STRIPE_API_KEY",
        "STRIPE_API_KEY_EU",
        "STRIPE_API_KEY_US",
        "ALERT_URL",
        "STRIPE_REPORTS_PII_KEY",
    ):
        monkeypatch.setenv(name, "https://example.com")


def _scaffold(folder: Path, *, append: bool = False, **params: Any) -> str:
    path = folder / "defs.yaml"
    StripeReportsScaffolder().scaffold(
        dg.ScaffoldRequest(
            type_name="stripe_reports.StripeReportsComponent",
            target_path=path if append else folder,
            scaffold_format="yaml",
            project_root=None,
            params=StripeReportsParams(**params),
            append=append,
        )
    )
    return path.read_text(encoding="utf-8")


def test_the_file_loads_and_every_attribute_is_in_it(tmp_path: Path) -> None:
    text = _scaffold(tmp_path)
    dg.Definitions.validate_loadable(definitions(stripe=text))
    assert yaml.safe_load(text)["requirements"] == {"env": ["STRIPE_API_KEY"]}
    named = re.findall(r"^  (?:# )?(\w+): ", text, re.MULTILINE)
    assert sorted(named) == sorted(StripeReportsComponent.model_fields)


def test_the_comments_are_attributes_that_load(tmp_path: Path) -> None:
    text = re.sub(r"^  # (\w+: )", r"  \1", _scaffold(tmp_path), flags=re.MULTILINE)
    assert set(yaml.safe_load(text)["attributes"]) == set(StripeReportsComponent.model_fields)
    keys = definitions(stripe=text).resolve_all_asset_keys()
    assert dg.AssetKey(["stripe_reports", "eu", "balance_summary_1"]) in keys


def test_parameters_are_written_and_a_second_account_is_appended(tmp_path: Path) -> None:
    _scaffold(tmp_path, account="eu", lake="s3://lake/eu", select="core, tax", start_date="2025-01-01")
    text = _scaffold(tmp_path, account="us", append=True)
    eu, us = (each["attributes"] for each in yaml.safe_load_all(text))
    assert eu == {
        "api_key": "{{ env.STRIPE_API_KEY_EU }}",
        "lake": "s3://lake/eu",
        "select": "core, tax",
        "start_date": "2025-01-01",
        "account": "eu",
    }
    assert us["api_key"] == "{{ env.STRIPE_API_KEY_US }}"
    assert set(definitions(stripe=text).resources or {}) >= {"stripe_eu", "stripe_us"}


def test_python_is_written_where_it_is_asked_for() -> None:
    with project() as sandbox:
        _in_python(sandbox)
        with sandbox.build_all_defs() as built:
            assert set(built.resources or {}) >= {"stripe", "report_lake"}


def _in_python(sandbox: DefsFolderSandbox) -> None:
    folder = sandbox.scaffold_component(StripeReportsComponent, "stripe", scaffold_format="python")
    (folder / "__init__.py").touch()
