"""A few report runs are built at a time, and the others wait their turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, START, Client, midnight
from stripe_reports_tests.waiting import until

BALANCE = "balance.summary.1"
RUNS = "/v1/reporting/report_runs"
FIRST = midnight(START)
TURN = 10.25
"""Seconds that it takes to build a run."""


class Clock:
    """Time passes when the test says so; it begins in the middle of a second."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return NOW + 0.5 + self.passed

    def monotonic(self) -> float:
        return 1000.0 + self.passed


@dataclass
class Line:
    """A sandbox that builds two runs at a time, and a client of it."""

    sandbox: Sandbox
    client: Client
    clock: Clock

    def create(self, key: str | None = None) -> str:
        data = {
            "report_type": BALANCE,
            "parameters[interval_start]": FIRST,
            "parameters[interval_end]": FIRST + DAY,
        }
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self.client.http.post(RUNS, data=data, headers=headers)
        assert answer.status_code == 200, answer.text
        id_: str = answer.json()["id"]
        return id_

    def status(self, id_: str) -> str:
        status: str = self.client.get(f"{RUNS}/{id_}")["status"]
        return status

    def done_at(self, *ids: str) -> list[float | None]:
        """When each run was first seen not to be pending, looking every quarter of a second for six turns."""
        seen: dict[str, float] = {}
        while self.clock.passed <= 6 * TURN:
            for run in self.client.get(RUNS, limit="100")["data"]:
                if run["status"] != "pending":
                    seen.setdefault(run["id"], self.clock.passed)
            self.clock.passed += 0.25
        return [seen.get(id_) for id_ in ids]


Opened = Callable[[int | None], Line]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    running: list[Line] = []

    def open_(runs_at_once: int | None) -> Line:
        clock = Clock()
        # Only report runs go by it: the servers need the time as it is.
        by_hand = SimpleNamespace(monotonic=clock.monotonic)
        monkeypatch.setattr("stripe_reports.sandbox.http.report_run.time", by_hand)
        sandbox = Sandbox(port=0, files_port=0, latency=TURN, now=clock.now, runs_at_once=runs_at_once)
        sandbox.__enter__()
        running.append(Line(sandbox, Client(sandbox), clock))
        return running[-1]

    yield open_
    for line in running:
        line.client.close()
        line.sandbox.__exit__()


@pytest.fixture
def line(opened: Opened) -> Line:
    return opened(2)


def test_so_many_runs_are_built_at_once_and_the_others_in_the_order_of_their_creation(line: Line) -> None:
    ids = [line.create() for _ in range(5)]
    assert line.done_at(*ids) == [TURN, TURN, 2 * TURN, 2 * TURN, 3 * TURN]


def test_without_a_limit_all_runs_are_built_at_once(opened: Opened) -> None:
    line = opened(None)
    assert line.done_at(*[line.create() for _ in range(8)]) == [TURN] * 8


def test_one_at_a_time(opened: Opened) -> None:
    line = opened(1)
    assert line.done_at(*[line.create() for _ in range(3)]) == [TURN, 2 * TURN, 3 * TURN]


def test_a_run_begins_as_soon_as_a_place_is_free(line: Line) -> None:
    first = line.create()
    line.clock.passed = 4.5
    second, third, fourth = line.create(), line.create(), line.create()
    done = line.done_at(first, second, third, fourth)
    assert done == [TURN, 4.5 + TURN, 2 * TURN, 4.5 + 2 * TURN]


def test_once_nobody_waits_a_run_begins_at_once(line: Line) -> None:
    for _ in range(3):
        line.create()
    line.clock.passed = 3 * TURN
    assert line.done_at(line.create(), line.create(), line.create()) == [4 * TURN, 4 * TURN, 5 * TURN]


def test_a_place_that_is_free_early_is_not_kept_for_later(line: Line) -> None:
    line.clock.passed = 2 * TURN
    ids = [line.create() for _ in range(3)]
    assert line.done_at(*ids) == [3 * TURN, 3 * TURN, 4 * TURN]


def test_a_waiting_run_is_pending_and_says_afterwards_when_it_was_done(line: Line) -> None:
    ids = [line.create() for _ in range(5)]
    waiting = line.client.get(f"{RUNS}/{ids[4]}")
    assert (waiting["status"], waiting["result"], waiting["succeeded_at"]) == ("pending", None, None)
    assert line.client.get("/v1/events")["data"] == []
    line.clock.passed = 6 * TURN
    runs = [line.client.get(f"{RUNS}/{id_}") for id_ in ids]
    assert {run["created"] for run in runs} == {int(NOW)}
    # From half past a second: 10.75, 21 and 31.25 seconds later.
    assert [run["succeeded_at"] - int(NOW) for run in runs] == [10, 10, 21, 21, 31]
    assert [run["result"]["created"] for run in runs] == [run["succeeded_at"] for run in runs]
    events = line.client.get("/v1/events", limit="100")["data"]
    assert [event["created"] - int(NOW) for event in events] == [31, 21, 21, 10, 10]


def test_a_request_that_repeats_its_key_takes_no_place(line: Line) -> None:
    ids = [line.create(key="once") for _ in range(4)]
    assert len(set(ids)) == line.sandbox.report_runs_created == 1
    assert line.done_at(ids[0], line.create()) == [TURN, TURN]


def test_a_refused_request_takes_no_place(line: Line) -> None:
    for _ in range(3):
        assert line.client.create(BALANCE, FIRST + DAY, FIRST).status_code == 400
    assert line.done_at(line.create(), line.create()) == [TURN, TURN]


def test_stuck_runs_hold_their_places_for_the_latency_only(line: Line) -> None:
    line.sandbox.fault("pending", count=2)
    stuck = [line.create(), line.create()]
    others = [line.create(), line.create()]
    assert line.done_at(*stuck, *others) == [None, None, 2 * TURN, 2 * TURN]


def test_a_slow_run_takes_so_much_longer_and_lets_others_pass(line: Line) -> None:
    line.create()
    line.sandbox.fault("pending", seconds=2 * TURN, count=1)
    slow, *others = [line.create() for _ in range(3)]
    assert line.done_at(slow, *others) == [3 * TURN, 2 * TURN, 2 * TURN]


def test_parts_of_seconds_add_up(line: Line) -> None:
    line.sandbox.fault("pending", seconds=0.25, count=1)
    slow = line.create()
    line.clock.passed = 6 * TURN
    assert line.client.get(f"{RUNS}/{slow}")["succeeded_at"] - int(NOW) == 11, "0.5 + 10.25 + 0.25"


def test_a_run_that_fails_takes_its_turn(line: Line) -> None:
    line.sandbox.fault("failed", count=2)
    ids = [line.create() for _ in range(3)]
    assert line.done_at(*ids) == [TURN, TURN, 2 * TURN]
    assert [line.status(id_) for id_ in ids] == ["failed", "failed", "succeeded"]


def test_a_run_from_the_cache_waits_for_nobody_and_takes_no_place(line: Line) -> None:
    ids = [line.create(), line.create()]
    line.sandbox.fault("cached", count=3)
    assert {line.status(line.create()) for _ in range(3)} == {"succeeded"}
    assert line.done_at(*ids, line.create()) == [TURN, TURN, 2 * TURN]


def test_turns_pass_by_themselves() -> None:
    with Sandbox(port=0, files_port=0, latency=0.2, runs_at_once=1) as sandbox:
        client = Client(sandbox)
        began = time.monotonic()
        ids = [client.create(BALANCE, FIRST, FIRST + DAY).json()["id"] for _ in range(3)]
        until(lambda: client.get(f"{RUNS}/{ids[2]}")["status"] != "pending", every=0.01)
        assert time.monotonic() - began >= 0.6
        assert client.get(f"{RUNS}/{ids[0]}")["status"] == "succeeded"
        client.close()


@pytest.mark.parametrize("count", [0, -1])
def test_there_is_one_place_at_least(count: int) -> None:
    with pytest.raises(ConfigurationError, match="runs_at_once >= 1") as error:
        Sandbox(runs_at_once=count)
    assert "\n" not in str(error.value)


def test_runs_that_take_no_time_take_no_place() -> None:
    with Sandbox(port=0, files_port=0, latency=0, runs_at_once=1) as sandbox:
        client = Client(sandbox)
        ids = [client.create(BALANCE, FIRST, FIRST + DAY).json()["id"] for _ in range(3)]
        assert {client.get(f"{RUNS}/{id_}")["status"] for id_ in ids} == {"succeeded"}
        client.close()
