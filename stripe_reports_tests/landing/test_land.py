"""One report type and one day, from the question to the committed table: whole, or nothing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import requests

from stripe_reports.catalog import REPORT_TYPES, ColumnType, column_type, newest_complete_day
from stripe_reports.errors import (
    CsvError,
    DataNotAvailableError,
    DownloadError,
    LakeError,
    ReportRunError,
    StripeRequestError,
)
from stripe_reports.lake import Lake
from stripe_reports.landing import LandedDay, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.scripted_stripe import CONTENTS, CSV, RUNS, ScriptedStripe
from stripe_reports_tests.landing.support import fresh
from stripe_reports_tests.scripted_server import Answer, stripe_error
from stripe_reports_tests.waiting import PATIENCE

_NEWEST = newest_complete_day(datetime.now(UTC))
_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]


def _land(
    account: Account, lake: Lake, report_type: str = "balance.summary.1", day: date = _NEWEST
) -> LandedDay:
    return land_day(REPORT_TYPES[report_type], day, account=account, lake=lake, settings=fresh())


def _csv_rows(account: Account, landed: LandedDay) -> list[dict[str, str]]:
    url = f"{account.api.files_base}/v1/files/{landed.results[0].id}/contents"
    answer = requests.get(url, auth=(account.api.api_key, ""), timeout=PATIENCE)
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def _files(lake: Lake) -> list[Path]:
    return [path for path in Path(lake.root).rglob("*") if path.suffix == ".parquet"]


# A healthy Stripe


@pytest.mark.parametrize("days_back", range(3))
@pytest.mark.parametrize("id_", [_BALANCE.id, _ACTIVITY.id, "payouts.itemized.3"])
def test_every_value_lands_as_it_stands_in_the_csv(
    account: Account, lake: Lake, id_: str, days_back: int
) -> None:
    landed = _land(account, lake, id_, _NEWEST - timedelta(days=days_back))
    rows = _csv_rows(account, landed)
    table = lake.read_table(landed.report_type.table, [landed.day])
    assert landed.table.rows == table.num_rows == len(rows)
    for name in landed.report_type.columns:
        texts = [row[name] for row in rows]
        values = table[name].to_pylist()
        match column_type(name):
            case ColumnType.STRING:
                assert [value or "" for value in values] == texts
            case ColumnType.DECIMAL:
                assert values == [Decimal(text) if text else None for text in texts]
            case ColumnType.INTEGER:
                assert values == [int(text) if text else None for text in texts]
            case ColumnType.BOOLEAN:
                assert values == [{"true": True, "false": False}.get(text) for text in texts]
            case ColumnType.TIMESTAMP_UTC:
                expected = [datetime.fromisoformat(f"{text}+00:00") if text else None for text in texts]
                assert values == expected
            case ColumnType.TIMESTAMP:
                assert values == [datetime.fromisoformat(text) if text else None for text in texts]
            case kind:
                pytest.fail(f"no check for {kind}")


def test_duckdb_pandas_and_pyarrow_read_the_same_exact_values(account: Account, lake: Lake) -> None:
    day = next(
        day
        for day in (_NEWEST - timedelta(days=back) for back in range(7))
        if _land(account, lake, _ACTIVITY.id, day).table.rows
    )
    arrow = lake.read_table(_ACTIVITY.table, [day])
    frame = lake.read_pandas(_ACTIVITY.table, [day])
    for name in ("gross", "fee", "net"):
        values = arrow[name].to_pylist()
        query = f"SELECT {name} FROM '{lake.uri(_ACTIVITY.table, day)}'"
        assert [row[0] for row in duckdb.sql(query).fetchall()] == values
        assert frame[name].tolist() == values
        assert all(isinstance(value, Decimal) for value in values)


@pytest.mark.parametrize("id_", ["ending_balance_reconciliation.summary.1", "payouts.summary.1"])
def test_other_kinds_of_interval_land_too(account: Account, lake: Lake, id_: str) -> None:
    landed = _land(account, lake, id_)
    assert lake.days(landed.report_type.table) == [_NEWEST]


def test_provenance_says_where_the_table_comes_from(account: Account, lake: Lake) -> None:
    landed = _land(account, lake)
    provenance = lake.provenance("balance_summary_1", _NEWEST)
    start = int(datetime(_NEWEST.year, _NEWEST.month, _NEWEST.day, tzinfo=UTC).timestamp())
    assert provenance["report_run_id"] == landed.report_runs[0]
    assert provenance["file_id"] == landed.results[0].id
    assert (provenance["interval_start"], provenance["interval_end"]) == (str(start), str(start + 86400))
    assert provenance["result_created"] == str(landed.results[0].created)
    assert provenance["csv_bytes"] == str(landed.results[0].size)
    assert provenance["livemode"] == "false"
    assert provenance["account"] == account.id
    assert provenance["columns"] == '["category", "description", "net_amount", "currency"]'


def test_a_day_without_activity_is_an_empty_typed_table(account: Account, lake: Lake) -> None:
    for back in range(60):
        landed = _land(account, lake, _ACTIVITY.id, _NEWEST - timedelta(days=back))
        if not landed.table.rows:
            break
    else:
        pytest.fail("the sandbox has a day without activity within 60 days")
    table = lake.read_table(_ACTIVITY.table, [landed.day])
    assert table.num_rows == 0
    assert str(table.schema.field("net").type) == "decimal128(38, 18)"


def test_a_day_that_stripe_does_not_have_makes_no_report_run(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    before = sandbox.report_runs_created
    with pytest.raises(
        DataNotAvailableError, match=rf"^balance\.summary\.1 {_NEWEST + timedelta(days=1)}: Stripe has data"
    ):
        _land(account, lake, day=_NEWEST + timedelta(days=1))
    assert sandbox.report_runs_created == before


def test_another_account_is_refused_before_a_report_run_is_made(
    sandbox: Sandbox, account: Account, lake: Lake
) -> None:
    lake.claim(livemode=False, account="acct_other")
    before = sandbox.report_runs_created
    with pytest.raises(LakeError, match="belongs to account acct_other"):
        _land(account, lake)
    assert sandbox.report_runs_created == before


# A Stripe that is not


def test_a_run_that_succeeded_at_once_with_an_older_file_lands(stripe: ScriptedStripe, lake: Lake) -> None:
    stripe.has()
    landed = _land(stripe.account, lake)
    assert landed.table.rows == 1
    assert landed.results[0].created == 5, "the data's build time, not the run's"


def test_columns_may_come_in_another_order_and_with_others_among_them(
    stripe: ScriptedStripe, lake: Lake
) -> None:
    csv_ = b'"net_amount","surprise","currency","category","description"\n"1.50","x","usd","activity",\n'
    stripe.has(Answer(csv_), size=len(csv_))
    landed = _land(stripe.account, lake)
    table = lake.read_table("balance_summary_1", [_NEWEST])
    assert table.column_names[:5] == ["category", "description", "net_amount", "currency", "surprise"]
    assert landed.table.new_columns == ("surprise",)


def test_a_value_that_does_not_fit_says_where_and_lands_nothing(stripe: ScriptedStripe, lake: Lake) -> None:
    csv_ = CSV + b'"activity","two\nlines","1,50","usd"\n'
    stripe.has(Answer(csv_), size=len(csv_))
    with pytest.raises(CsvError) as failed:
        _land(stripe.account, lake)
    text = str(failed.value)
    assert text.startswith(
        f"balance.summary.1 {_NEWEST} (report run frr_1): line 4, column 'net_amount': '1,50'"
    )
    assert "\n" not in text
    assert len(stripe.server.asked_for("GET", CONTENTS)) == 1, "asking again would not help"
    assert _files(lake) == []


def test_a_failure_leaves_the_day_as_it_was(stripe: ScriptedStripe, lake: Lake) -> None:
    stripe.has(Answer(CSV), Answer(b"nonsense"))
    path = Path(_land(stripe.account, lake).table.uri)
    before = path.read_bytes()
    with pytest.raises(DownloadError):
        _land(stripe.account, lake)
    assert path.read_bytes() == before
    assert _files(lake) == [path]


def test_runs_that_fail_one_after_the_other_land_nothing(stripe: ScriptedStripe, lake: Lake) -> None:
    stripe.has(status="failed", error="Sorry.", result=None)
    with pytest.raises(ReportRunError) as failed:
        _land(stripe.account, lake)
    text = str(failed.value)
    assert f"{_NEWEST} (report run frr_4): Stripe marked it failed: Sorry.;" in text
    assert "frr_1, frr_2, frr_3" in text, "those before it, which were replaced"
    assert len(stripe.server.asked_for("POST", RUNS)) == 4, "bounded attempts"
    assert _files(lake) == []


def test_a_wrong_key_on_the_files_host_is_not_repeated(stripe: ScriptedStripe, lake: Lake) -> None:
    stripe.has(Answer(stripe_error("No."), 401))
    with pytest.raises(StripeRequestError, match="STRIPE_FILES_BASE"):
        _land(stripe.account, lake)
    assert len(stripe.server.asked_for("GET", CONTENTS)) == 1


def test_live_data_do_not_land_in_a_test_lake(stripe: ScriptedStripe, lake: Lake) -> None:
    lake.claim(livemode=True, account=None)
    stripe.has()
    with pytest.raises(LakeError, match="belongs to live mode"):
        _land(stripe.account, lake)
    assert not stripe.server.asked_for("POST", RUNS)
