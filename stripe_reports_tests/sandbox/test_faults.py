"""Setting faults: as text, in Python, over HTTP, on the command line; how often they happen; clearing."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports.sandbox.faults import KINDS, Fault
from stripe_reports.sandbox.tampering import KINDS as TAMPERINGS
from stripe_reports_tests.sandbox.support import DAY, START, Client, midnight, refusal
from stripe_reports_tests.waiting import PATIENCE

FIRST = midnight(START)
ACCOUNT = "/v1/account"
RUNS = "/v1/reporting/report_runs"
TYPES = "/v1/reporting/report_types"
_COMMAND = str(Path(sys.executable).with_name("stripe-reports"))


def _statuses(client: Client, count: int, path: str = ACCOUNT) -> list[int]:
    return [client.http.get(path).status_code for _ in range(count)]


def test_text_is_read_setting_by_setting() -> None:
    fault = Fault.from_text("failed:error=no, not today,count=2, report_type=payouts.*")
    assert fault.as_object() == {
        "kind": "failed", "error": "no, not today", "count": 2, "report_type": "payouts.*", "applied": 0,
    }  # fmt: skip
    assert Fault.from_text("slow")["bytes_per_second"] == 10_000


def test_every_kind_can_be_set_by_its_name_alone_but_for_a_day() -> None:
    assert [Fault(kind, {}).kind for kind in KINDS if kind != "restated"] == [
        kind for kind in KINDS if kind != "restated"
    ]
    assert Fault("restated", {"day": START})["day"] == "2025-01-01"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lait", r"unknown fault 'lait'; the kinds are late, pending, .*webhook_unordered"),
        ("", r"unknown fault ''"),
        ("late:86400", r"'late:86400' is not KIND:key=value,key=value"),
        ("late:second=1", r"late has no setting 'second'; it takes seconds, beyond, report_type, count"),
        ("late:seconds=soon", r"late: seconds must be a whole number from 1, not 'soon'"),
        ("late:seconds=0", r"late: seconds must be a whole number from 1, not '0'"),
        ("late:beyond=else", r"beyond must be refused or short or failed, not 'else'"),
        ("late:method=GET", r"late has no setting 'method'"),
        ("restated", r"restated needs day=<a day such as 2025-06-30>"),
        ("restated:day=today", r"day must be a day such as 2025-06-30, not 'today'"),
        ("status:code=200", r"code must be 400 or .* or 504, not '200'"),
        ("status:probability=1.5", r"probability must be a number from 0 to 1, not '1.5'"),
        ("status:probability=nan", r"probability must be a number from 0 to 1"),
        ("pending:seconds=inf", r"seconds must be a number from 0, not 'inf'"),
        ("status:count=0", r"count must be a whole number from 1"),
        ("status:count=1,probability=0.5", r"either a count or a probability"),
        ("status:seed=1", r"a seed needs a probability"),
    ],
)
def test_a_fault_that_makes_no_sense_is_one_clear_line(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        Sandbox(faults=[text])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [True, [1], {"a": 1}])
def test_a_setting_is_text_or_a_number(faulty: Sandbox, value: Any) -> None:
    with pytest.raises(ConfigurationError, match="seconds must be text or a number"):
        faulty.fault("late", seconds=value)


def test_a_count_is_the_next_so_many_occasions(faulty: Sandbox, asking: Client) -> None:
    fault = faulty.fault("status", code=503, count=2)
    assert _statuses(asking, 4) == [503, 503, 200, 200]
    assert fault.applied == 2


def test_without_a_count_it_happens_until_it_is_cleared(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("status", code=500)
    assert _statuses(asking, 3) == [500, 500, 500]
    faulty.clear_faults()
    assert _statuses(asking, 2) == [200, 200]


def _with_probability(**settings: Any) -> list[int]:
    with Sandbox(port=0, files_port=0) as sandbox:
        sandbox.fault("status", **settings)
        client = Client(sandbox)
        statuses = _statuses(client, 60)
        client.close()
    return statuses


def test_a_probability_gives_the_same_sequence_for_the_same_seed() -> None:
    one = _with_probability(probability=0.3, seed=3)
    assert one == _with_probability(probability=0.3, seed=3)
    assert one != _with_probability(probability=0.3, seed=4)
    assert 6 <= one.count(500) <= 30
    assert set(_with_probability(probability=0)) == {200}
    assert set(_with_probability(probability=1)) == {500}


def test_it_applies_only_where_it_is_said_to(faulty: Sandbox, asking: Client) -> None:
    faulty.fault("status", code=403, method="post")
    faulty.fault("status", code=404, path="/v1/files*")
    faulty.fault("status", code=429, report_type="payouts.*")
    assert asking.create("balance.summary.1", FIRST, FIRST + DAY).status_code == 403
    assert _statuses(asking, 1) == [200]
    assert _statuses(asking, 1, "/v1/files") == [404]
    assert _statuses(asking, 1, f"{TYPES}/payouts.itemized.3") == [429]
    assert _statuses(asking, 1, f"{TYPES}/balance.summary.1") == [200]


def test_a_request_is_about_the_report_type_of_its_run_and_its_file(faulty: Sandbox, asking: Client) -> None:
    paths = {}
    for report_type in ("payouts.itemized.3", "balance.summary.1"):
        run = asking.create(report_type, FIRST, FIRST + DAY).json()["id"]
        file = asking.get(f"{RUNS}/{run}")["result"]["id"]
        link = asking.post("/v1/file_links", file=file)["url"]
        paths[report_type] = [f"{RUNS}/{run}", f"/v1/files/{file}"]
        paths[report_type] += [f"{faulty.files_base}/v1/files/{file}/contents", link]
    faulty.fault("status", code=502, report_type="payouts.*")
    for report_type, status in (("payouts.itemized.3", 502), ("balance.summary.1", 200)):
        assert asking.create(report_type, FIRST, FIRST + DAY).status_code == status
        assert [asking.http.get(path).status_code for path in paths[report_type]] == [status] * 4


def test_faults_over_http(faulty: Sandbox, asking: Client) -> None:
    at = f"{faulty.api_base}/_faults"
    assert httpx.get(at).json() == {"object": "list", "url": "/_faults", "has_more": False, "data": []}
    answer = httpx.post(at, json={"kind": "status", "code": 504, "count": 1})
    shown = {"kind": "status", "code": 504, "body": "json", "when": "before", "count": 1}
    assert (answer.status_code, answer.json()) == (200, shown | {"applied": 0})
    assert _statuses(asking, 2) == [504, 200]
    assert httpx.get(at).json()["data"] == [shown | {"applied": 1}]
    httpx.post(at, json={"kind": "status"})
    assert httpx.get(at).status_code == 200, "faults do not hit the calls about faults"
    assert httpx.delete(at).json()["data"] == []
    assert _statuses(asking, 1) == [200]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "must be a JSON object with a kind"),
        (b"kind=late", "must be a JSON object with a kind"),
        (b"[]", "must be a JSON object with a kind"),
        (b'{"seconds": 1}', "must be a JSON object with a kind"),
        (b'{"kind": "lait"}', "unknown fault 'lait'; the kinds are late,"),
        (b'{"kind": "late", "seconds": [1]}', "seconds must be text or a number"),
        (b"\xff", "must be a JSON object with a kind"),
    ],
)
def test_a_bad_body_is_refused(faulty: Sandbox, body: bytes, says: str) -> None:
    assert says in refusal(httpx.post(f"{faulty.api_base}/_faults", content=body))["message"]
    assert httpx.get(f"{faulty.api_base}/_faults").json()["data"] == []


def _port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def process() -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A sandbox as a person starts it, and the variables that it prints."""
    command = [_COMMAND, "sandbox", "--port", _port(), "--files-port", _port(), "--live"]
    command += ["--account-profile", "plain", "--webhook-url", f"http://127.0.0.1:{_port()}/"]
    command += ["--fault", "status:code=429,count=2,path=/v1/account,retry_after=7", "--fault", "cached"]
    command += ["--tamper", "2025-01-24,cent", "--tamper", "2025-01-24,payout_reversed,currency=eur"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        try:
            assert started.stdout
            lines = [started.stdout.readline() for _ in range(4)]
            yield started, dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        finally:
            started.kill()


def test_the_command_line(process: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    started, exports = process
    sdk = stripe.StripeClient(
        exports["STRIPE_API_KEY"],
        base_addresses={"api": exports["STRIPE_API_BASE"], "files": exports["STRIPE_FILES_BASE"]},
        max_network_retries=0,
    )
    assert exports["STRIPE_API_KEY"].startswith("sk_live_")
    assert exports["STRIPE_WEBHOOK_SECRET"].startswith("whsec_")
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError) as limited:
            sdk.v1.accounts.retrieve_current()
        assert limited.value.headers["Retry-After"] == "7"
    assert sdk.v1.accounts.retrieve_current().id.startswith("acct_")
    types = sdk.v1.reporting.report_types.list().data
    assert {each.livemode for each in types} == {True}
    assert "balance.summary.1" in {each.id for each in types}
    assert not [each.id for each in types if each.id.startswith("connect")], "a plain account"
    run = sdk.v1.reporting.report_runs.create(
        {
            "report_type": "balance.summary.1",
            "parameters": {"interval_start": FIRST, "interval_end": FIRST + DAY},
        }
    )
    assert run.status == "succeeded"
    set_ = httpx.get(f"{exports['STRIPE_API_BASE']}/_tamperings").json()["data"]
    assert [(each["kind"], each["day"]) for each in set_] == [
        ("cent", "2025-01-24"),
        ("payout_reversed", "2025-01-24"),
    ]
    started.send_signal(signal.SIGTERM)
    _, errors = started.communicate(timeout=PATIENCE)
    assert (started.returncode, "Traceback" in errors) == (0, False)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--fault", "lait"], "unknown fault 'lait'; the kinds are late"),
        (["--tamper", "2025-01-25,payout_reversed"], "no automatic payout in usd arrives on Saturday"),
        (["--webhook-url", "127.0.0.1:8000"], "the webhook's address must be like http://"),
        (["--live", "--key", "sk_test_example"], "--live chooses the key"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(options: list[str], says: str) -> None:
    done = subprocess.run([_COMMAND, "sandbox", *options], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert says in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_commands_help_names_every_kind_and_every_setting() -> None:
    done = subprocess.run([_COMMAND, "sandbox", "--help"], capture_output=True, text=True, check=True)
    of_faults, _, of_tamperings = done.stdout.partition("Tamperings:")
    settings_of_faults = {name: kind.settings for name, kind in KINDS.items()}
    for text, kinds in ((of_faults, settings_of_faults), (of_tamperings, TAMPERINGS)):
        for name, settings in kinds.items():
            line = re.search(rf"^ +{name} .*$", text, re.MULTILINE)
            assert line, name
            for setting in settings:
                assert f"{setting}=" in line[0], (name, setting)
