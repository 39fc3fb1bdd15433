"""`stripe-reports doctor`: what it finds in a healthy deployment, and in ailing ones."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType
from dagster._daemon.types import DaemonHeartbeat

from stripe_reports.cli.doctor.finding import ok
from stripe_reports.cli.doctor.probing import Probe, run_probes
from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import StripeApi, clock_lead
from stripe_reports_tests.cli.running import run, variables_of


@pytest.fixture(scope="module")
def restricted() -> Iterator[Sandbox]:
    """A Stripe whose key may read neither events nor the account, and whose data come late."""
    faults = [
        "status:code=403,path=/v1/events",
        "status:code=403,path=/v1/account",
        "late:seconds=259200,report_type=payouts.*",
    ]
    with Sandbox(
        port=0, files_port=0, key="rk_test_of_a_doctor", faults=faults, account_profile="plain"
    ) as running:
        yield running


def _found(*arguments: str, **variables: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by probe."""
    done = run("doctor", "--json", *arguments, **variables)
    findings: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(done.out):
        findings.setdefault(each["probe"], []).append(each)
    return done.code, findings


def test_a_healthy_deployment_is_a_line_for_each_probe_and_exit_code_0(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    runs = sandbox.report_runs_created
    done = run("doctor", "--lake", str(tmp_path / "lake"), **variables_of(sandbox))
    assert done.code == 0, done.out
    lines = done.out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warning", "unknown"}
    assert "is a secret key of test mode" in lines[0]
    assert any(line.startswith("ok       account           acct_") for line in lines)
    assert any("the account offers 9 of 9 selected" in line for line in lines)
    assert any("data              balance: through 20" in line for line in lines)
    assert any("this clock agrees with Stripe's" in line for line in lines)
    assert sandbox.key not in done.out + done.err
    assert sandbox.report_runs_created == runs, "it created no report run"
    assert list(tmp_path.iterdir()) == [], "and no lake"


def test_what_a_restricted_key_may_not_read_is_a_warning_and_late_data_are(
    restricted: Sandbox, tmp_path: Path
) -> None:
    code, found = _found("--select", "core, connect", "--lake", str(tmp_path), **variables_of(restricted))
    assert code == 0
    assert found["key"][0]["found"] == "STRIPE_API_KEY is a restricted key of test mode"
    assert {name: found[name][0]["status"] for name in ("events", "account", "selected reports")} == {
        "events": "warning",
        "account": "warning",
        "selected reports": "warning",
    }
    late = [each for each in found["data"] if each["status"] == "warning"]
    assert [each["found"].partition(":")[0] for each in late] == ["balance"]
    assert "payouts.summary.1 and 1 more should reach" in late[0]["found"]
    assert list(tmp_path.iterdir()) == [], "the probe of the lake is removed again"


def test_without_a_usable_key_the_other_probes_still_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, found = _found("--lake", str(tmp_path / "file"), STRIPE_API_KEY="sk_test_with a blank")
    assert code == 1
    assert found["key"][0]["status"] == "failed"
    assert "with a blank" not in json.dumps(found)
    assert found["clock"][0]["status"] == "unknown"
    assert found["lake"][0]["status"] == "failed"
    assert found["dagster"][0]["status"] == "warning"


def test_a_wrong_key_is_named_by_its_variable_and_never_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    variables = {**variables_of(sandbox), "STRIPE_API_KEY_EU": "rk_live_not_the_right_one"}
    arguments = ["--key-variable", "STRIPE_API_KEY_EU", "--lake", str(tmp_path)]
    code, found = _found(*arguments, **variables)
    assert code == 1
    assert found["key"][0]["found"] == "STRIPE_API_KEY_EU is a restricted key of live mode"
    assert "Stripe refused the key" in found["report runs"][0]["found"]
    assert found["clock"][0]["status"] == "ok", "a refusal has a date as well"
    assert "not_the_right_one" not in json.dumps(found)


def test_the_lake_of_another_mode_fails(sandbox: Sandbox, tmp_path: Path) -> None:
    Lake.open(str(tmp_path)).claim(livemode=True, account="acct_1")
    before = sorted(tmp_path.rglob("*"))
    code, found = _found("--lake", str(tmp_path), **variables_of(sandbox))
    assert code == 1
    assert found["lake's owner"][0]["found"].startswith("live mode, account acct_1, and the key is of test")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_lake_on_s3_is_written_and_left_as_it_was(bucket: str, s3: Any) -> None:
    _, found = _found("--lake", f"s3://{bucket}/stripe")
    assert found["lake"][0]["status"] == "ok", found["lake"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert _found("--lake", f"s3://{bucket}-none/x")[1]["lake"][0]["status"] == "failed"


def test_an_instance_says_its_storage_its_daemon_and_what_is_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    arguments, variables = ["--lake", str(tmp_path)], {"DAGSTER_HOME": str(home)}
    found = _found(*arguments, **variables)[1]
    assert "no records yet" in found["dagster"][0]["found"]
    assert list(home.iterdir()) == [], "looking makes no records"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_run_records()
        instance.all_instigator_state()
        found = _found(*arguments, **variables)[1]
        assert "DagsterSqliteStorage" in found["dagster"][0]["found"]
        assert "it has never run" in found["daemon"][0]["found"]
        assert "nothing lands by itself" in found["schedules"][0]["found"]
        for daemon in ("SCHEDULER", "SENSOR"):
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 600, daemon, None))
        origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("finance"), "__repository__")
        for name in ("stripe_reports_daily", "stripe_reports_daily_eu", "another"):
            instance.add_instigator_state(
                InstigatorState(
                    RemoteInstigatorOrigin(origin, name),
                    InstigatorType.SENSOR,
                    InstigatorStatus.RUNNING,
                )
            )
    found = _found(*arguments, STRIPE_REPORTS_AUTOMATION="stripe_reports_pickup", **variables)[1]
    assert "last seen 10 min ago" in found["daemon"][0]["found"]
    assert found["schedules"][0]["found"] == (
        "on: stripe_reports_daily (finance), stripe_reports_pickup (by STRIPE_REPORTS_AUTOMATION); all others"
        " are off"
    )
    assert (
        "stripe_reports_daily_eu (finance)"
        in _found("--account", "eu", *arguments, **variables)[1]["schedules"][0]["found"]
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("storage: {postgres: {postgres_url: 'postgresql://me:secret@127.0.0.1:1/x'}}", "cannot be used"),
        ("nonsense: [", "cannot be used"),
    ],
)
def test_an_instance_that_cannot_be_used_is_one_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(text)
    code, found = _found("--lake", str(tmp_path), DAGSTER_HOME=str(tmp_path))
    assert (code, found["dagster"][0]["status"]) == (1, "failed")
    assert says in found["dagster"][0]["found"]
    assert "secret" not in found["dagster"][0]["found"]


def test_a_probe_that_hangs_or_raises_costs_no_other() -> None:
    def refuse() -> list[Any]:
        raise LakeError("cannot write")

    def hang() -> list[Any]:
        time.sleep(5)
        return []

    probes = [
        Probe("a", hang),
        Probe("b", refuse),
        Probe("c", lambda: 1 / 0),
        Probe("d", lambda: [ok("d", "x")]),
    ]  # type: ignore[arg-type,return-value]
    began = time.monotonic()
    lines = [each.line for each in run_probes(probes, seconds=0.3, redact=str)]
    assert time.monotonic() - began < 4
    assert [line.split()[0] for line in lines] == ["failed", "failed", "failed", "ok"]
    assert "no answer within 0.3 s" in lines[0]


@pytest.mark.parametrize(("shift", "seconds"), [(0, 0), (100, 99), (-100, -100)])
def test_the_clock_is_compared_to_the_second(sandbox: Sandbox, shift: int, seconds: int) -> None:
    api = StripeApi(sandbox.key, api_base=sandbox.api_base)
    lead = clock_lead(api, clock=lambda: time.time() + shift)
    assert lead is not None
    assert lead.least <= shift <= lead.most
    assert abs(lead.seconds - seconds) < 5
