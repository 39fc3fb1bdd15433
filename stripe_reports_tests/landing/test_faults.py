"""Whatever Stripe or the network does: the day lands exactly, or nothing of it does, and it is told why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import (
    CsvError,
    DataNotAvailableError,
    DownloadError,
    ReportRunError,
    StripeReportsError,
    StripeRequestError,
)
from stripe_reports.lake import Lake
from stripe_reports.landing import LandedDay, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import account_of, fresh

_DAY = date(2025, 9, 3)
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]


@pytest.fixture(scope="module")
def faulty() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0) as sandbox:
        yield sandbox


@pytest.fixture
def account(faulty: Sandbox) -> Iterator[Account]:
    yield account_of(faulty, max_network_retries=2)
    faulty.clear_faults()


def _land(account: Account, lake: Lake, stuck_after: float = 5) -> LandedDay:
    """From a report run that this landing has made."""
    return land_day(_ACTIVITY, _DAY, account=account, lake=lake, settings=fresh(stuck_after=stuck_after))


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("status", {"code": 429, "error_code": "rate_limit", "retry_after": 0.2, "count": 3}),
        ("status", {"code": 429, "error_code": "lock_timeout", "count": 3}),
        ("status", {"code": 500, "count": 2}),
        ("status", {"code": 503, "body": "html", "count": 2}),
        ("reset", {"method": "POST", "when": "after", "count": 1}),
        ("reset", {"method": "POST", "when": "before", "count": 1}),
        ("reset", {"method": "GET", "path": "*/contents", "count": 2}),
        ("stored_500", {"count": 1}),
        ("truncated", {"count": 2}),
        ("truncated", {"declared": "short", "count": 2}),
        ("truncated", {"bytes": 1000}),
        ("no_range", {}),
        ("file_late", {"seconds": 3600, "count": 2}),
        ("pending", {"seconds": 0.2}),
        ("cached", {"seconds": 86400}),
        ("slow", {"bytes_per_second": 100_000}),
        ("reordered", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(map(str, value.values())) or "always",
)
def test_what_passes_does_not_change_what_lands(
    faulty: Sandbox,
    account: Account,
    lake: Lake,
    tmp_path: Path,
    no_pauses: None,
    kind: str,
    settings: dict[str, Any],
) -> None:
    untroubled = Lake.open(str(tmp_path / "untroubled"))
    _land(account, untroubled)
    fault = faulty.fault(kind, **settings)
    _land(account, lake)
    assert fault.applied, "it did happen"
    assert lake.read_table(_ACTIVITY.table).equals(untroubled.read_table(_ACTIVITY.table))


@pytest.mark.parametrize(
    ("kind", "settings", "error", "says"),
    [
        ("late", {"seconds": 10**9}, DataNotAvailableError, "Stripe has data"),
        ("pending", {}, ReportRunError, "still pending after 1.5 s; before it"),
        ("failed", {"error": "Sorry."}, ReportRunError, r"Stripe marked it failed: Sorry\."),
        ("status", {"code": 401}, StripeRequestError, "check that STRIPE_API_KEY"),
        ("status", {"code": 403}, StripeRequestError, "a restricted key needs Reporting: write"),
        ("status", {"code": 500, "path": "*/contents"}, DownloadError, "answered 500"),
        ("truncated", {}, DownloadError, "broke off"),  # always half of the rest: the last byte never comes
        (
            "truncated",
            {"bytes": 0},
            DownloadError,
            r"gave up with 0 of \d+ bytes of file_\w+ after 8 requests",
        ),
        ("truncated", {"bytes": 10}, DownloadError, r"gave up with 2000 of \d+ bytes .* after 200 requests"),
        (
            "truncated",
            {"declared": "short"},
            DownloadError,
            r"sent \d+ bytes in place of file_\w+, which has",
        ),
        ("wrong_size", {"bytes": 1}, DownloadError, "bytes"),
        ("expired", {}, DownloadError, "answered 404"),
        ("missing_column", {"column": "net"}, CsvError, "lacks these columns: 'net'"),
        ("unfit", {"row": 3, "value": "n/a"}, CsvError, r"line \d+, column 'gross': 'n/a'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_stays_fails_clearly_and_leaves_the_day_as_it_was(
    faulty: Sandbox,
    account: Account,
    lake: Lake,
    no_pauses: None,
    kind: str,
    settings: dict[str, Any],
    error: type[StripeReportsError],
    says: str,
) -> None:
    path = Path(_land(account, lake).table.uri)
    before = path.read_bytes()
    faulty.fault(kind, **settings)
    fresh = Account(account.api)  # the list of report types is not remembered from before
    with pytest.raises(error, match=says) as failed:
        _land(fresh, lake, stuck_after=1.5)
    assert str(failed.value).startswith(f"{_ACTIVITY.id} {_DAY}")
    assert "\n" not in str(failed.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("declared", "requests"),
    [("full", 3), ("short", 2)],
    ids=["cut, the answer to the range, whole", "of another length, whole"],
)
def test_a_cut_file_begins_again_where_ranges_are_ignored(
    faulty: Sandbox,
    account: Account,
    lake: Lake,
    tmp_path: Path,
    no_pauses: None,
    declared: str,
    requests: int,
) -> None:
    untroubled = Lake.open(str(tmp_path / "untroubled"))
    _land(account, untroubled)
    no_range = faulty.fault("no_range")
    faulty.fault("truncated", declared=declared, count=1)
    _land(account, lake)
    assert no_range.applied == requests
    assert lake.read_table(_ACTIVITY.table).equals(untroubled.read_table(_ACTIVITY.table))


@pytest.mark.parametrize(
    ("declared", "says", "requests"),
    [
        ("full", "cannot resume there: the files host answered 200", 12),
        ("short", r"in place of file_\w+, which has .*; gave up", 8),
    ],
    ids=["cut", "of another length"],
)
def test_a_file_that_is_always_cut_never_lands_where_ranges_are_ignored(
    faulty: Sandbox, account: Account, lake: Lake, no_pauses: None, declared: str, says: str, requests: int
) -> None:
    no_range = faulty.fault("no_range")
    faulty.fault("truncated", declared=declared)
    with pytest.raises(DownloadError, match=says):
        _land(account, lake)
    assert no_range.applied == requests, "bounded attempts"
    assert not list(Path(lake.root).rglob("*.parquet"))


def test_a_column_more_lands_as_text(faulty: Sandbox, account: Account, lake: Lake) -> None:
    faulty.fault("extra_column", column="brand_new", value="1.0")
    landed = _land(account, lake)
    assert landed.table.new_columns == ("brand_new",)
    assert set(lake.read_table(_ACTIVITY.table)["brand_new"].to_pylist()) == {"1.0"}


def test_a_restated_day_replaces_the_old_one_when_it_is_landed_again(
    faulty: Sandbox, account: Account, lake: Lake
) -> None:
    before = _land(account, lake).table.rows
    faulty.fault("restated", day=str(_DAY), rows=1)
    assert _land(account, lake).table.rows == before + 1
    assert lake.read_table(_ACTIVITY.table).num_rows == before + 1


def test_a_result_without_rows_is_an_empty_typed_table(faulty: Sandbox, account: Account, lake: Lake) -> None:
    faulty.fault("header_only")
    assert _land(account, lake).table.rows == 0
    assert str(lake.read_table(_ACTIVITY.table).schema.field("net").type) == "decimal128(38, 18)"
