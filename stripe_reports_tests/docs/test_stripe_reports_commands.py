"""The pages' commands of `stripe-reports`."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from stripe_reports.cli import cli
from stripe_reports.lake import Lake
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.docs.pages import block_with, stripe_reports_commands
from stripe_reports_tests.waiting import until


def _run(arguments: list[str]) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_the_examples_query_the_demo(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    listed, queried = [_run(arguments) for arguments in stripe_reports_commands("sql")]
    assert "payouts_itemized_3" in listed
    assert "usd" in queried


def test_the_example_shows_how_far_the_demo_is(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    (arguments,) = stripe_reports_commands("status")
    assert "balance_summary_1" in _run(arguments)


def test_the_example_lands_a_csv(demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    source = Lake.open(str(demo_folder / ".stripe-reports-demo" / "lake"))
    provenance = source.provenance("balance_summary_1", source.days("balance_summary_1")[0])
    Path("balance.csv").write_bytes(b"".join(source.kept_csv(provenance["csv_sha256"])))
    Lake.open("lake").claim(livemode=True, account=None)
    (arguments,) = stripe_reports_commands("land")
    assert "balance.summary.1 2026-11-01 has landed" in _run(arguments)


def test_the_examples_make_a_project_and_a_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments in stripe_reports_commands("init"):
        assert "Wrote" in _run(arguments)
    assert Path("stripe/.env").exists()
    assert Path("src/finance/defs/stripe_eu/defs.yaml").exists()


def test_the_example_plans_a_month() -> None:
    (arguments,) = stripe_reports_commands("plan")
    assert "report runs: fewer if equal ones" in _run(arguments)


def test_the_examples_print_statements(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    views, tables = [_run(arguments) for arguments in stripe_reports_commands("ddl")]
    assert 'CREATE OR REPLACE VIEW "balance_summary_1"' in views
    assert "CREATE EXTERNAL TABLE IF NOT EXISTS stripe.`balance_summary_1`" in tables


def test_the_example_looks_at_a_deployment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", sandbox.key)
    monkeypatch.setenv("STRIPE_API_BASE", sandbox.api_base)
    monkeypatch.setenv("STRIPE_FILES_BASE", sandbox.files_base)
    (arguments,) = stripe_reports_commands("doctor")
    assert "ok       key" in _run(arguments)


def test_the_example_verifies_the_demo(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo_folder)
    (arguments,) = stripe_reports_commands("verify")
    assert "Every value" in _run(arguments)


def test_the_examples_list_report_types(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", sandbox.key)
    monkeypatch.setenv("STRIPE_API_BASE", sandbox.api_base)
    examples = stripe_reports_commands("types")
    assert len(examples) == 4
    for arguments in examples:
        assert "itemized" in _run(arguments) or "balance.summary.1" in _run(arguments)


@pytest.mark.parametrize("arguments", stripe_reports_commands("sandbox"), ids=" ".join)
def test_the_example_starts_a_sandbox(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(self: Sandbox, on_ready: Callable[[], None]) -> None:
        on_ready()  # without its ports, which somebody else may have

    monkeypatch.setattr(Sandbox, "serve", serve)
    assert "export STRIPE_API_KEY=" in _run(arguments)


def test_the_example_starts_a_webhook_receiver(tmp_path: Path) -> None:
    block = block_with("stripe-reports webhook")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = block.text.replace(".venv/bin/", f"exec {Path(sys.executable).parent}/")
    command = command.replace("8000", port).replace("whsec_…", "whsec_of_a_test")
    (tmp_path / "lake").mkdir()
    with subprocess.Popen(["/bin/bash", "-ec", command], cwd=tmp_path, stderr=subprocess.DEVNULL) as receiver:
        try:
            until(lambda: receiver.poll() is not None or _is_healthy(port))
            assert receiver.poll() is None, "it has ended"
        finally:
            receiver.kill()


def _is_healthy(port: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False
