"""`stripe-reports land`: a person's CSV becomes a day like any other, and says whose it is."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from stripe_reports.catalog import REPORT_TYPES, newest_complete_day
from stripe_reports.lake import Lake
from stripe_reports.landing import GIVEN_BY_HAND, land_day
from stripe_reports.orchestration import StripeReports
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.cli.running import Done, run
from stripe_reports_tests.landing.support import account_of, quick

_DAY = newest_complete_day(datetime.now(UTC)) - timedelta(days=1)
_ITEMIZED = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_SUMMARY = REPORT_TYPES["balance.summary.1"]


@pytest.fixture(scope="module")
def downloads(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the CSVs of a day, as the Dashboard would give them."""
    folder = tmp_path_factory.mktemp("downloads")
    lake = Lake.open(str(folder / "source"))
    for report_type, name in ((_ITEMIZED, "itemized.csv"), (_SUMMARY, "summary.csv")):
        landed = land_day(report_type, _DAY, account=account_of(sandbox), lake=lake, settings=quick())
        (folder / name).write_bytes(b"".join(lake.kept_csv(landed.table.csv_sha256)))
    return folder


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake.open(str(tmp_path / "lake"))
    lake.claim(livemode=False, account="acct_of_a_test")
    return lake


def _land(lake: Lake, file: Path, *more: str, type_: str = _ITEMIZED.id, **variables: str) -> Done:
    day = () if "--day" in more else ("--day", str(_DAY))
    return run("land", str(file), "--type", type_, *day, "--lake", lake.root, *more, **variables)


def test_a_csv_lands_like_a_result_and_its_file_says_that_it_was_given(lake: Lake, downloads: Path) -> None:
    done = _land(lake, downloads / "itemized.csv")
    assert (done.code, done.err) == (0, "")
    assert "Its rows are of that day, by created_utc." in done.out
    assert "Dagster does not know of it" in done.out
    source = Lake.open(str(downloads / "source"))
    assert lake.read_table(_ITEMIZED.table).equals(source.read_table(_ITEMIZED.table))
    facts = lake.provenance(_ITEMIZED.table, _DAY)
    assert facts[GIVEN_BY_HAND] == "true"
    assert facts["given_file"] == "itemized.csv"
    assert facts["csv_sha256"] == source.provenance(_ITEMIZED.table, _DAY)["csv_sha256"]
    assert (facts["livemode"], facts["account"]) == ("false", "acct_of_a_test")
    assert "report_run_id" not in facts
    (verified,) = lake.verify(_ITEMIZED.table)
    assert verified.error is None, "it is proven as any other"


def test_a_report_without_a_day_says_that_it_was_not_checked(lake: Lake, downloads: Path) -> None:
    done = _land(lake, downloads / "summary.csv", type_=_SUMMARY.id)
    assert done.code == 0
    assert "Not checked: no column of this CSV says that its rows are of that day." in done.out


def test_stripes_own_result_lands_over_it_and_beside_it(
    sandbox: Sandbox, downloads: Path, tmp_path: Path
) -> None:
    lake = Lake.open(str(tmp_path / "lake"))
    assert _land(lake, downloads / "summary.csv", "--mode", "test", type_=_SUMMARY.id).code == 0
    for day in (_DAY + timedelta(days=1), _DAY):
        landed = land_day(_SUMMARY, day, account=account_of(sandbox), lake=lake, settings=quick())
        assert not landed.unchanged
    assert GIVEN_BY_HAND not in lake.provenance(_SUMMARY.table, _DAY)
    refused = _land(lake, downloads / "itemized.csv", type_=_SUMMARY.id)
    assert refused.code == 1


def test_the_same_csv_again_lands_nothing_and_another_needs_replace(
    lake: Lake, downloads: Path, tmp_path: Path
) -> None:
    assert _land(lake, downloads / "itemized.csv").code == 0
    written = Path(lake.uri(_ITEMIZED.table, _DAY)).stat().st_mtime_ns
    again = _land(lake, downloads / "itemized.csv")
    assert (again.code, "holds this CSV already" in again.out) == (0, True)
    assert Path(lake.uri(_ITEMIZED.table, _DAY)).stat().st_mtime_ns == written
    other = tmp_path / "other.csv"
    lines = (downloads / "itemized.csv").read_bytes().splitlines(keepends=True)
    other.write_bytes(b"".join(lines[:-1]))
    refused = _land(lake, other)
    assert refused.code == 1
    assert "has landed already, from the file 'itemized.csv'; nothing was landed" in refused.err
    replaced = _land(lake, other, "--replace")
    assert replaced.code == 0
    assert "It replaced a table: 0 rows added, 1 removed, 0 changed; amounts differ." in replaced.out


@pytest.fixture
def wrong(downloads: Path, tmp_path: Path) -> dict[str, Path]:
    """CSVs that must not land."""
    text = (downloads / "itemized.csv").read_text()
    rows = list(csv.reader(io.StringIO(text)))
    short = io.StringIO()
    csv.writer(short).writerows([row[1:] for row in rows])
    texts = {
        "empty": "",
        "short": short.getvalue(),
        "amount": text.replace(rows[1][rows[0].index("net")], "twelve", 1),
        "cut": text[: len(text) // 2] + '"',
        "semicolons": text.replace(",", ";"),
    }
    paths = {name: tmp_path / f"{name}.csv" for name in texts}
    for name, each in texts.items():
        paths[name].write_text(each)
    return paths


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty", "line 1 is not a header"),
        ("short", "lacks these columns: 'automatic_payout_id'; nothing was landed; download it again"),
        ("amount", "'twelve'"),
        ("cut", "nothing was landed"),
        ("semicolons", "the header on line 1 is damaged"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(name: str, says: str, wrong: dict[str, Path], lake: Lake) -> None:
    done = _land(lake, wrong[name])
    assert (done.code, len(done.err.splitlines())) == (1, 1)
    assert says in done.err
    assert done.err.startswith(f"Error: {_ITEMIZED.id} {_DAY}: ")
    assert lake.days(_ITEMIZED.table) == []


def test_a_csv_that_lacks_columns_lands_on_demand(wrong: dict[str, Path], lake: Lake) -> None:
    done = _land(lake, wrong["short"], "--allow-missing-columns")
    assert done.code == 0, done.err
    assert "Null, because the CSV lacks them: automatic_payout_id" in done.out
    column = lake.read_table(_ITEMIZED.table).column("automatic_payout_id")
    assert column.null_count == len(column) > 0


def test_what_does_not_fit_the_lake_or_the_day_is_refused(
    lake: Lake, downloads: Path, tmp_path: Path
) -> None:
    file = downloads / "itemized.csv"
    other_day, today = str(_DAY - timedelta(days=1)), str(datetime.now(UTC).date())
    fresh = Lake.open(str(tmp_path / "fresh"))
    for done, says in (
        (_land(lake, file, "--day", other_day), f"is not on {other_day} in UTC"),
        (_land(lake, file, "--day", today), f"{today} is not over yet in UTC"),
        (_land(lake, file, "--mode", "live"), "belongs to test mode and this is live mode"),
        (_land(fresh, file), "add --mode live or --mode test"),
        (_land(lake, file, type_="payout_reconciliation.by_id.itemized.4"), "it is about one payout"),
        (_land(lake, file, type_="core"), "'core' names 9 report types; name one"),
        (_land(lake, file, DAGSTER_HOME=str(tmp_path / "none")), "is not an absolute path of a directory"),
    ):
        assert done.code == 1
        assert says in done.err
    assert lake.days(_ITEMIZED.table) == []
    assert _land(lake, file).code == 0
    in_berlin = _land(lake, file, "--replace", "--day", other_day, STRIPE_REPORTS_TIMEZONE="Europe/Berlin")
    assert "has days in UTC, no filters, and this run has days in Europe/Berlin" in in_berlin.err


def test_a_lake_on_s3_takes_it(bucket: str, downloads: Path) -> None:
    lake = Lake.open(f"s3://{bucket}/stripe")
    assert _land(lake, downloads / "itemized.csv", "--mode", "test").code == 0
    assert lake.days(_ITEMIZED.table) == [_DAY]
    assert lake.owner() is not None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_run_records()
    return home


@pytest.mark.parametrize("account", [None, "eu"])
def test_dagster_the_file_and_its_provenance_agree(
    account: str | None, lake: Lake, downloads: Path, home: Path
) -> None:
    named = ("--account", account) if account else ()
    unrecorded = _land(lake, downloads / "itemized.csv", *named)
    assert "run the same command again to record the day" in unrecorded.out
    first = _land(lake, downloads / "itemized.csv", *named, DAGSTER_HOME=str(home))
    assert "holds this CSV already" in first.out
    assert "Recorded in Dagster: stripe_reports/" in first.out
    second = _land(lake, downloads / "itemized.csv", *named, DAGSTER_HOME=str(home))
    assert "Dagster has it already: stripe_reports/" in second.out
    reports = StripeReports(_ITEMIZED.id, start_date=str(_DAY), account=account)
    (key,) = reports.assets[0].keys
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (record,) = instance.fetch_materializations(key, limit=10).records
        event = record.asset_materialization
        assert event is not None
        assert event.partition == str(_DAY)
        facts = lake.provenance(_ITEMIZED.table, _DAY)
        assert event.metadata["csv_sha256"].value == facts["csv_sha256"]
        assert str(event.metadata["dagster/partition_row_count"].value) == facts["rows"]
        assert event.metadata["given_by_hand"].value is True
        status = instance.get_status_by_partition(key, [str(_DAY)], reports.partitions_def)
        assert status is not None
        assert str(status[str(_DAY)]).endswith("MATERIALIZED")
        for check in reports.assets[0].check_keys:
            (execution,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=9)
            assert execution.status.value == "SUCCEEDED"
            assert execution.partition == str(_DAY)
