"""No traceback for a person's mistake: one line, an exit code that is not 0, and no secret."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from stripe_reports.cli import cli
from stripe_reports.lake import Lake
from stripe_reports_tests.cli.running import Done, run
from stripe_reports_tests.lake.support import land, stripe_csv

_SECRET = "of_a_person_who_errs"
_VARIABLES = {"STRIPE_API_KEY": f"sk_test_{_SECRET}", "STRIPE_WEBHOOK_SECRET": f"whsec_{_SECRET}"}
_NO_SERVER = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "x"}
_LAND = "land file --type balance.summary.1 --day 2026-11-01"
_DAY = "--from 2026-11-01 --to 2026-11-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good lake, a file, binary data, a directory, and a lake whose marker is wrong JSON."""
    folder = tmp_path_factory.mktemp("nonsense")
    (folder / "file").write_text("x")
    (folder / "binary").write_bytes(bytes(range(256)))
    (folder / "dir").mkdir()
    for name in ("lake", "damaged"):
        land(Lake.open(str(folder / name)), stripe_csv(["net"], [("1.00",)]))
    (folder / "damaged" / "_stripe_reports.json").write_text("{not json")
    return folder


@pytest.fixture(scope="module")
def taken() -> Iterator[str]:
    """A port that somebody else has."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield str(listening.getsockname()[1])


def _demand_one_line(done: Done, *, in_findings: bool = False) -> None:
    assert done.code not in (0, None), done.out
    assert "Traceback" not in done.out + done.err
    assert _SECRET not in done.out + done.err
    if in_findings:
        assert done.err == ""
        assert any(line.startswith("failed") for line in done.out.splitlines())
    else:
        assert len(done.err.strip().splitlines()) == 1, done.err
        assert done.err.startswith("Error: ")


_WITH_A_LAKE = ["doctor", "status", "sql", "verify", "ddl --engine spark", "webhook", f"{_LAND} --mode test"]


@pytest.mark.parametrize("lake", ["file", "ftp://x/y", "s3://", "http://[::1", "file://host/x"])
@pytest.mark.parametrize("command", _WITH_A_LAKE)
def test_a_lake_that_is_none(command: str, lake: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = run(*command.split(), "--lake", lake, **_VARIABLES)
    _demand_one_line(done, in_findings=command == "doctor")


@pytest.mark.slow
@pytest.mark.parametrize("command", _WITH_A_LAKE)
def test_a_lake_that_cannot_be_reached(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for variables in ({**_NO_SERVER, "AWS_SECRET_ACCESS_KEY": _SECRET}, {"AWS_PROFILE": "none"}):
        done = run(*command.split(), "--lake", "s3://bucket/x", **_VARIABLES, **variables)
        _demand_one_line(done, in_findings=command == "doctor")


@pytest.mark.parametrize("base", ["nonsense", "http://[::1", "http://127.0.0.1:99999", "ftp://x"])
@pytest.mark.parametrize("command", ["types --account", f"plan {_DAY} --offered", "doctor --lake lake"])
def test_an_address_that_is_no_stripe(
    command: str, base: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    bases = {"STRIPE_API_BASE": base, "STRIPE_FILES_BASE": base}
    done = run(*command.split(), **_VARIABLES, **bases)
    _demand_one_line(done, in_findings=command.startswith("doctor"))


@pytest.mark.slow
@pytest.mark.parametrize("command", ["types --account", f"plan {_DAY} --offered", "doctor --lake lake"])
def test_a_stripe_that_does_not_answer(command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    bases = {"STRIPE_API_BASE": "http://127.0.0.1:1", "STRIPE_FILES_BASE": "http://127.0.0.1:1"}
    done = run(*command.split(), **_VARIABLES, **bases)
    _demand_one_line(done, in_findings=command.startswith("doctor"))
    assert "Connection refused" in done.err + done.out


@pytest.mark.parametrize(
    "arguments",
    [
        "nonsense",
        "types balance.sumary.1",
        "types [",
        "types --account --nonsense",
        "plan",
        "plan --from 2026-11-05 --to 2026-11-01",
        "plan --from 2026-11-31 --to 2026-12-01",
        "plan --from 9999-12-31 --to 9999-12-31",
        f"plan balance.sumary.1 {_DAY}",
        f"plan {_DAY} --lake file",
        "status balance_sumary_1 --lake lake",
        "status ../lake --lake lake",
        "status --lake dir",
        "status --lake none",
        "status --lake lake --json --csv",
        "verify --lake lake --from 2026-11-05 --to 2026-11-01",
        "verify --lake lake --from 20261101",
        "verify nonsense --lake lake",
        "verify --lake dir",
        "sql --lake none",
        "sql --lake lake --rows x",
        "sql --lake lake --csv",
        "sql --lake lake --parquet dir balance",
        "ddl --lake lake",
        "ddl --engine oracle --lake lake",
        "ddl --engine spark nonsense --lake lake",
        "ddl --engine athena --lake lake",
        "land none --type balance.summary.1 --day 2026-11-01",
        "land dir --type balance.summary.1 --day 2026-11-01",
        "land file --lake lake",
        "land file --type nonsense --day 2026-11-01 --lake lake",
        "land file --type balance.summary.1 --day tomorrow --lake lake",
        "land file --type balance.summary.1 --day 9999-12-31 --lake lake",
        "land binary --type balance.summary.1 --day 2026-11-01 --lake lake --mode test",
        f"{_LAND} --lake lake --mode test",
        f"{_LAND} --lake damaged",
        f"{_LAND} --lake lake --printed-in Nowhere",
        "init file",
        "init new --start-date x",
        "doctor --lake",
        "sandbox --fault nonsense",
        "sandbox --fault status:code=x",
        "sandbox --tamper nonsense",
        "sandbox --tamper 2026-99-99,cent",
        "sandbox --port 99999",
        "sandbox --port -1",
        "sandbox --port 0 --files-port 0 --latency -1",
        "sandbox --port 0 --files-port 0 --rows-per-day -1",
        "sandbox --port 0 --files-port 0 --webhook-url nonsense",
        "webhook --lake lake --port 99999",
        "webhook --lake lake --port x",
        "webhook --lake lake --port 0 --host nonsense.invalid",
        "demo --days 0",
        "demo --days x",
        "demo --dir file",
        "demo --port 5",
    ],
)
def test_arguments_that_make_no_sense(arguments: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    _demand_one_line(run(*arguments.split(), **_VARIABLES))


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("types --account", {"STRIPE_API_KEY": ""}),
        ("types --account", {"STRIPE_API_KEY": f"sk_test_{_SECRET} "}),
        ("init new", {"STRIPE_API_KEY": f"sk_test_{_SECRET} x"}),
        ("webhook --lake lake", {"STRIPE_WEBHOOK_SECRET": ""}),
        (f"plan {_DAY}", {"STRIPE_REPORTS_MAX_RUNS_IN_FLIGHT": "0"}),
        (f"plan {_DAY}", {"STRIPE_REPORTS_TIMEZONE": "Nowhere"}),
        ("plan --from 2011-12-30 --to 2011-12-30", {"STRIPE_REPORTS_TIMEZONE": "Pacific/Apia"}),
        ("status --lake lake", {"STRIPE_REPORTS_SELECT": "nonsense"}),
        ("status --lake lake", {"STRIPE_REPORTS_KEEP_CSV": "maybe"}),
        ("doctor --lake lake", {"STRIPE_REPORTS_SELECT": "nonsense"}),
        (f"{_LAND} --lake lake", {"DAGSTER_HOME": "relative"}),
    ],
)
def test_variables_that_make_no_sense(
    command: str, variables: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    _demand_one_line(run(*command.split(), **{**_VARIABLES, **variables}))


@pytest.mark.parametrize("command", ["sandbox", "webhook --lake lake", "demo --ui"])
def test_a_port_that_is_taken(
    command: str, taken: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    done = run(*command.split(), "--port", taken, **_VARIABLES)
    _demand_one_line(done)
    assert taken in done.err


def test_a_query_with_an_error_shows_its_place(folder: Path) -> None:
    done = run("sql", "selec 1", "--lake", str(folder / "lake"))
    assert done.code == 1
    assert done.err.splitlines()[0].startswith("Error: Parser Error: syntax error")
    assert done.err.splitlines()[1:] == ["LINE 1: selec 1", "        ^^^^^"]


def test_no_argument_is_the_help() -> None:
    done = run()
    assert done.code == 2
    assert done.err.startswith("Usage: stripe-reports [OPTIONS] COMMAND")
    assert set(cli.commands) <= set(done.err.split())
    assert CliRunner().invoke(cli, ["--help"]).exit_code == 0
