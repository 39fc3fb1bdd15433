"""`stripe-reports types`: what can be landed, and what the account behind the key offers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.cli.types.listing import list_report_types
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import OfferedReportType

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))


def _run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    return subprocess.run(
        [_COMMAND, "types", *arguments], env=kept | variables, capture_output=True, text=True, check=False
    )


def _json(*arguments: str, **variables: str) -> list[dict[str, Any]]:
    done = _run(*arguments, "--json", **variables)
    assert done.returncode == 0, done.stderr
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def test_all_report_types_are_listed_with_table_interval_and_columns() -> None:
    listed = {entry["id"]: entry for entry in _json()}
    assert set(listed) == set(REPORT_TYPES)
    assert listed["balance.summary.1"]["table"] == "balance_summary_1"
    assert listed["balance.summary.1"]["interval"] == "range"
    assert listed["balance.summary.1"]["columns"] == ["category", "description", "net_amount", "currency"]


def test_a_single_report_type_says_what_it_is_for_and_what_its_columns_mean() -> None:
    (entry,) = _json("payout_reconciliation.itemized.5")
    column = next(each for each in entry["column_details"] if each["name"] == "customer_email")
    assert [each["name"] for each in entry["column_details"]] == entry["columns"]
    assert column["personal_data"] == "email"
    assert column["nullable"]
    shown = _run("payout_reconciliation.itemized.5", COLUMNS="60").stdout
    assert max(map(len, shown.splitlines())) <= 60
    words = " ".join(shown.split())
    for text in (entry["purpose"], entry["row"], column["description"]):
        assert text in words
    assert "customer_email string, may be null, personal data: email" in words
    assert "balance_transaction_id string, never null" in words


def test_a_pattern_lists_what_it_selects() -> None:
    assert [entry["id"] for entry in _json("payouts.summary.*")] == ["payouts.summary.1", "payouts.summary.2"]
    assert len(_json("core")) == 9


def test_the_account_says_what_it_offers_and_through_when(sandbox: Sandbox) -> None:
    account = {
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
    }
    (entry,) = _json("balance.summary.1", "--account", **account)
    assert entry["offered"] is True
    assert entry["data_available_end"].endswith("T00:00:00Z")
    shown = _run("balance.summary.1", "--account", **account).stdout
    assert entry["data_available_end"] in shown
    assert "net_amount  decimal" in shown


def test_what_the_account_has_and_the_catalog_does_not_know_is_listed_too() -> None:
    new = OfferedReportType("payouts.itemized.9", "New", False, 0, 86400, 86400, ("a", "b"))
    listed = {entry["id"]: entry for entry in list_report_types("payouts.*", {new.id: new})}
    assert listed["payouts.itemized.9"]["offered"] is True
    assert listed["payouts.itemized.9"]["data_available_end"] == "1970-01-02T00:00:00Z"
    assert listed["payouts.itemized.3"]["offered"] is False
    assert "balance.brand_new.1" not in listed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("balance.sumary.1",), "did you mean 'balance.summary.1'"),
        (("--account",), "no Stripe API key: set STRIPE_API_KEY"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], says: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
