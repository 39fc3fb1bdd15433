"""Every report type of the catalog lands, and every value is the CSV's, as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests

from stripe_reports.catalog import REPORT_TYPES, ColumnType, ReportType, column_type, select_report_types
from stripe_reports.lake import Lake
from stripe_reports.landing import LandedDay, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.landing.support import backfill, fresh
from stripe_reports_tests.waiting import PATIENCE

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])')
_ACTIVE, _QUIET = "active", "quiet"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    """Of a live key, because some report types have no test data."""
    with Sandbox(port=0, files_port=0, latency=0, key="sk_live_sandbox_no_secret") as sandbox:
        bases = {"api_base": sandbox.api_base, "files_base": sandbox.files_base}
        yield Account(StripeApi(sandbox.key, calls_per_second=1000, **bases), max_age=600)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake.open(str(tmp_path_factory.mktemp("lake")))


@pytest.fixture(scope="module")
def days(account: Account, lake: Lake) -> dict[str, date]:
    """One day with activity, and one without."""
    found: dict[str, date] = {}
    day = date(2025, 9, 3)
    while len(found) < 2:
        rows = _land(account, lake, REPORT_TYPES["balance_change_from_activity.itemized.3"], day).table.rows
        found.setdefault(_ACTIVE if rows else _QUIET, day)
        day += timedelta(days=1)
    return found


def _land(account: Account, lake: Lake, report_type: ReportType, day: date) -> LandedDay:
    return land_day(report_type, day, account=account, lake=lake, settings=fresh(poll_initial=0.01))


def _csv(account: Account, file: str) -> tuple[list[str], list[list[str | None]]]:
    """Header and rows, by the dialect alone: a quoted text is a text, a bare nothing is null."""
    url = f"{account.api.files_base}/v1/files/{file}/contents"
    text = requests.get(url, auth=(account.api.api_key, ""), timeout=PATIENCE).content.decode()
    rows: list[list[str | None]] = [[]]
    end = 0
    for match in _FIELD.finditer(text):
        assert match.start() == end, f"not Stripe's dialect: {text[end : end + 80]!r}"
        end = match.end()
        quoted, bare, delimiter = match.groups()
        rows[-1].append(quoted.replace('""', '"') if quoted is not None else bare or None)
        if delimiter == "\n":
            rows.append([])
    assert end == len(text)
    assert rows.pop() == []
    header = [name or "" for name in rows[0]]
    return header, rows[1:]


def _as_text(value: Any, like: str | None, kind: ColumnType) -> str | None:
    """A landed value, written with as many decimals, or as much of a date, as the text beside it."""
    if value is None:
        return None
    match kind:
        case ColumnType.DECIMAL:
            decimals = len((like or "").partition(".")[2])
            text = f"{value:.{decimals}f}"
            assert value == value.__class__(text), f"{value} has more decimals than {like}"
            return text
        case ColumnType.INTEGER:
            return str(value)
        case ColumnType.BOOLEAN:
            return "true" if value else "false"
        case ColumnType.DATE:
            return f"{value.isoformat()}{' 00:00:00' if len(like or '') > 10 else ''}"
        case ColumnType.TIMESTAMP | ColumnType.TIMESTAMP_UTC:
            assert (value.utcoffset() == timedelta(0)) == (kind is ColumnType.TIMESTAMP_UTC)
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


_CORE = select_report_types("core")
_LANDED = [
    *((report_type, _ACTIVE) for report_type in REPORT_TYPES.values()),
    *((report_type, _QUIET) for report_type in _CORE),
    *(
        pytest.param(report_type, _QUIET, marks=pytest.mark.slow)
        for report_type in REPORT_TYPES.values()
        if report_type not in _CORE
    ),
]


@pytest.mark.parametrize(("report_type", "day_kind"), _LANDED, ids=lambda each: getattr(each, "id", each))
def test_every_value_lands_as_it_stands_in_the_csv(
    account: Account, lake: Lake, days: dict[str, date], report_type: ReportType, day_kind: str
) -> None:
    landed = _land(account, lake, report_type, days[day_kind])
    assert landed.dropped_columns == ()
    assert landed.table.rows == sum(len(_csv(account, result.id)[1]) for result in landed.results)
    columns = {
        (field.metadata or {}).get(b"stripe_column", field.name.encode()).decode(): field.name
        for field in landed.table.schema
    }
    table = lake.read_table(report_type.table, [landed.day]).to_pylist()
    begin = 0
    for result in landed.results:
        header, rows = _csv(account, result.id)
        for row, values in zip(rows, table[begin : begin + len(rows)], strict=True):
            for name, text in zip(header, row, strict=True):
                value = values[columns[name]]
                assert _as_text(value, text, column_type(name)) == text, f"{name}: {value!r} for {text!r}"
        begin += len(rows)


@pytest.mark.slow
def test_some_day_of_every_report_type_has_rows(account: Account, lake: Lake, days: dict[str, date]) -> None:
    """So that the test above compares something."""
    empty = set(REPORT_TYPES)
    for n in range(60):
        asked = {REPORT_TYPES[id_]: [days[_ACTIVE] + timedelta(days=n)] for id_ in empty}
        for landed in backfill(asked, account, lake, fresh(max_runs_in_flight=16)).landed:
            if landed.table.rows:
                empty.remove(landed.report_type.id)
        if not empty:
            break
    assert empty == set()


def test_the_newest_days_are_there_by_the_documented_delay(account: Account) -> None:
    now = datetime.now(UTC).timestamp()
    for id_, hours in {
        "payouts.itemized.3": 12,
        "tax.transactions.itemized.2": 24,
        "apps.churn_rate.1": 48,
    }.items():
        assert account.report_type(id_).data_available_end <= now - hours * 3600
