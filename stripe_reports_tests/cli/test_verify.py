"""`stripe-reports verify`: what landed is proven, and what is not is said, by the exit code too."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from stripe_reports.catalog import REPORT_TYPES, newest_complete_day
from stripe_reports.cli.verify.verification import run_verification
from stripe_reports.errors import LakeError
from stripe_reports.lake import Csv, ExpectedColumns, Lake
from stripe_reports.landing import LandingSettings, ReportRequest, land_day
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.lake.support import TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import rewrite, with_value

_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))
_DAYS = [newest_complete_day(datetime.now(UTC)) - timedelta(days=back) for back in (2, 1, 0)]
_SUMMARY = "balance_summary_1"
_ITEMIZED = "balance_change_from_activity.itemized.3"
_REPORT_TYPES = {
    "balance.summary.1": None,
    _ITEMIZED: ReportRequest(metadata_columns=["payment_metadata[order_id]"]),
    "payouts.itemized.3": ReportRequest(optional_columns=["trace_id"]),
    "payout_reconciliation.by_id.itemized.4": None,
}
_TABLES = sorted(REPORT_TYPES[id_].table for id_ in _REPORT_TYPES)


@pytest.fixture(scope="module")
def landed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of four tables, as assets would land them."""
    api = StripeApi(
        sandbox.key, api_base=sandbox.api_base, files_base=sandbox.files_base, calls_per_second=1000
    )
    account, settings = Account(api), LandingSettings(poll_initial=0.02)
    root = tmp_path_factory.mktemp("landed") / "lake"
    lake = Lake.open(str(root))
    for id_, request in _REPORT_TYPES.items():
        for day in _DAYS:
            land_day(REPORT_TYPES[id_], day, account=account, lake=lake, request=request, settings=settings)
    return root


@pytest.fixture
def lake(landed: Path, tmp_path: Path) -> Lake:
    """A copy, to be damaged."""
    return Lake.open(str(shutil.copytree(landed, tmp_path / "lake")))


def _run(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    return subprocess.run(
        [_COMMAND, "verify", *arguments],
        cwd=cwd,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def _cells(output: str, table: str) -> tuple[str, str, str]:
    """Days, rows and values, and verdict."""
    found = re.search(rf"^{table} +(\d+) +([\d,]+) +([\d,]+) +[\d.]+ \w+ +(.*?) *$", output, re.MULTILINE)
    assert found, output
    return found[1], found[2], found[4]


def test_what_landed_is_proven_and_the_exit_code_is_0(landed: Path) -> None:
    done = _run(cwd=landed.parent)  # ./lake
    assert done.returncode == 0, done.stdout + done.stderr
    lake = Lake.open(str(landed))
    for table in _TABLES:
        assert _cells(done.stdout, table) == ("3", f"{lake.read_table(table).num_rows:,}", "proven")
    assert _cells(done.stdout, "all")[::2] == ("12", "proven")
    assert "Every value is what its CSV says." in done.stdout
    assert re.search(r"verified .*12/12", done.stderr), "progress goes elsewhere than the results"
    assert "12/12" not in done.stdout


def test_tables_days_and_lake_may_be_chosen(landed: Path, tmp_path: Path) -> None:
    chosen = (_SUMMARY, "--from", str(_DAYS[1]), "--to", str(_DAYS[1]))
    by_option = _run(*chosen, "--lake", str(landed), cwd=tmp_path)
    by_variable = _run(*chosen, cwd=tmp_path, STRIPE_REPORTS_LAKE=str(landed))
    for done in (by_option, by_variable):
        assert done.returncode == 0, done.stdout + done.stderr
        assert _cells(done.stdout, _SUMMARY)[::2] == ("1", "proven")
        assert "payouts" not in done.stdout


def test_a_difference_is_named_and_the_exit_code_is_1(lake: Lake) -> None:
    rewrite(lake, with_value("net_amount", 1, Decimal("0.01")), day=_DAYS[1], table=_SUMMARY)
    done = _run("--lake", lake.root, cwd=Path(lake.root))
    assert done.returncode == 1
    assert _cells(done.stdout, _SUMMARY)[::2] == ("3", "1 differs")
    assert _cells(done.stdout, "payouts_itemized_3")[::2] == ("3", "proven")
    assert _cells(done.stdout, "all")[::2] == ("12", "1 differs")
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("Not proven: "))
    where = f"{_SUMMARY} {_DAYS[1]}: line 3, column 'net_amount'"
    assert re.fullmatch(
        rf"Not proven: {where}: the CSV says '[\d.-]+' and the table 0\.01; materialize that day again", line
    )
    assert "Every value is what its CSV says." not in done.stdout


def test_a_csv_that_is_not_kept_is_listed_and_the_exit_code_is_1(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in _DAYS[:2]:
        Path(lake.root, f"_csv/{lake.provenance(_SUMMARY, day)['csv_sha256']}.csv.zst").unlink()
    assert run_verification(lake, [_SUMMARY]) == 1
    out = capsys.readouterr().out
    assert _cells(out, _SUMMARY)[::2] == ("3", "2 not kept")
    assert f"CSV not kept: {_SUMMARY} {_DAYS[0]}, {_DAYS[1]}\n" in out
    assert run_verification(lake, [_SUMMARY], _DAYS[2]) == 0, "that day is proven"


def test_a_lake_that_kept_no_csv_says_so_in_few_lines(
    tmp_path: Path, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake.open(str(tmp_path), keep_csv=False)
    days = [date(2025, 9, number) for number in range(1, 8)]
    for day in days:
        land(lake, stripe_csv(["gross"], [("1",)]), day=day)
    assert run_verification(lake, []) == 1
    assert f"CSV not kept: {TABLE} {', '.join(map(str, days[:5]))} and 2 more\n" in capsys.readouterr().out


def test_columns_that_did_not_land_are_named_and_the_rest_is_proven(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = Lake.open(str(tmp_path), keep_csv=True)
    csv = stripe_csv(["gross", "customer_email", "payment_metadata[owner]"], [("1", "a@shop.example", "x")])
    day, expected = date(2025, 9, 1), ExpectedColumns()
    lake.land(REPORT_TYPES[_ITEMIZED], day, [Csv([csv])], expected=expected, facts={}, pii="drop")
    assert run_verification(lake, []) == 0
    out = capsys.readouterr().out
    assert _cells(out, TABLE) == ("1", "1", "proven")
    assert f"Not compared, as it did not land: {TABLE} customer_email, payment_metadata[owner]\n" in out


def test_all_that_is_wrong_is_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    rewrite(lake, with_value("net_amount", 0, None), day=_DAYS[0], table=_SUMMARY)
    Path(lake.uri(_SUMMARY, _DAYS[1])).write_bytes(b"PAR1")
    Path(lake.root, f"_csv/{lake.provenance(_SUMMARY, _DAYS[2])['csv_sha256']}.csv.zst").unlink()
    assert run_verification(lake, [_SUMMARY]) == 1
    out = capsys.readouterr().out
    assert _cells(out, _SUMMARY) == ("3", "0", "2 differ, 1 not kept")
    assert [line.partition(": ")[0] for line in out.splitlines()[-3:]] == ["Not proven"] * 2 + [
        "CSV not kept"
    ]


def test_a_wide_table_shows_whole_names(landed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_verification(Lake.open(str(landed)), []) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("balance_sumary_1",), "has no table 'balance_sumary_1'; did you mean 'balance_summary_1'?"),
        (("balance.summary.1",), "has no table 'balance.summary.1'; did you mean 'balance_summary_1'?"),
        (("--from", "soon"), "'soon' is not a day; write YYYY-MM-DD"),
        (("--to", "2020-01-01"), "has no day of any table from the first to 2020-01-01; choose other days"),
        ((_SUMMARY, "--from", "2099-01-01"), f"has no day of {_SUMMARY} from 2099-01-01 to the last"),
        (
            ("--lake", "nowhere"),
            "there is no lake at nowhere; name another with --lake or STRIPE_REPORTS_LAKE",
        ),
        (("--lake", "ftp://x/y"), "'ftp://x/y' is not an address of a lake"),
        (("--lake", "."), "has no table yet; materialize a day first"),
    ],
)
def test_a_mistake_is_one_line(landed: Path, arguments: tuple[str, ...], says: str) -> None:
    done = _run(*arguments, cwd=landed.parent)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert not (landed.parent / "nowhere").exists()


def test_a_variable_that_makes_no_sense_is_one_line(landed: Path) -> None:
    done = _run(cwd=landed.parent, STRIPE_REPORTS_KEEP_CSV="0")
    assert done.returncode == 1
    assert done.stderr == "Error: STRIPE_REPORTS_KEEP_CSV is '0'; set it to true or false\n"


def test_a_table_without_days_in_the_range_is_no_success(lake: Lake) -> None:
    shutil.rmtree(Path(lake.uri(_SUMMARY, _DAYS[2])).parent)
    with pytest.raises(LakeError, match=f"has no day of {_SUMMARY} from {_DAYS[2]} to the last"):
        run_verification(lake, [_SUMMARY, "payouts_itemized_3"], _DAYS[2])


def test_a_table_that_is_computed_from_others_is_left_out(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    for day in _DAYS:
        lake.derived.put("daily_activity", day, pa.table({"count": [1]}), made_from="{}")
    Path(lake.uri("daily_activity", _DAYS[2])).write_bytes(b"PAR1")
    assert run_verification(lake, []) == 0
    out = capsys.readouterr().out
    assert "daily_activity" not in out
    assert _cells(out, "all")[::2] == ("12", "proven")


def test_a_table_that_is_computed_from_others_cannot_be_verified_itself(lake: Lake) -> None:
    lake.derived.put("daily_activity", _DAYS[0], pa.table({"count": [1]}), made_from="{}")
    with pytest.raises(LakeError, match="daily_activity is computed from other tables and has no CSV"):
        run_verification(lake, [_SUMMARY, "daily_activity"])
