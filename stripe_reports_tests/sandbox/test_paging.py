"""Lists: newest first, by page, by time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import NOW, Client, midnight, refusal

RUNS = "/v1/reporting/report_runs"
START, END = midnight(date(2025, 1, 1)), midnight(date(2025, 7, 2))
BALANCE = "balance.summary.1"


@pytest.fixture
def ticking() -> Iterator[tuple[Client, list[str]]]:
    """A sandbox with 25 runs, each a second after the other; their ids, newest first."""
    clock = [NOW]
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: clock[0]) as sandbox:
        client = Client(sandbox)
        ids = []
        for _ in range(25):
            clock[0] += 1
            ids.append(client.create(BALANCE, START, END).json()["id"])
        yield client, ids[::-1]
        client.close()


def test_pages_go_from_the_newest_run_to_the_oldest(ticking: tuple[Client, list[str]]) -> None:
    client, ids = ticking
    first = client.get(RUNS)
    assert [run["id"] for run in first["data"]] == ids[:10]
    assert first["has_more"]
    assert first["url"] == RUNS
    second = client.get(RUNS, starting_after=ids[9], limit="14")
    assert [run["id"] for run in second["data"]] == ids[10:24]
    assert second["has_more"]
    last = client.get(RUNS, starting_after=ids[23])
    assert [run["id"] for run in last["data"]] == ids[24:]
    assert not last["has_more"]


def test_pages_go_back(ticking: tuple[Client, list[str]]) -> None:
    client, ids = ticking
    page = client.get(RUNS, ending_before=ids[12], limit="5")
    assert [run["id"] for run in page["data"]] == ids[7:12]
    assert page["has_more"]
    assert not client.get(RUNS, ending_before=ids[12], limit="12")["has_more"]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"created[gte]": NOW + 24}, slice(0, 2)),
        ({"created[gt]": NOW + 24}, slice(0, 1)),
        ({"created[lte]": NOW + 2}, slice(23, 25)),
        ({"created[lt]": NOW + 2}, slice(24, 25)),
        ({"created": NOW + 3}, slice(22, 23)),
        ({"created[gt]": NOW + 3, "created[lt]": NOW + 6}, slice(20, 22)),
        ({"created[gt]": NOW + 3, "created[gte]": NOW + 2, "created[lte]": NOW + 5}, slice(20, 22)),
        ({"created[gt]": NOW + 6, "created[lt]": NOW + 3}, slice(0, 0)),
    ],
)
def test_runs_by_the_time_of_their_creation(
    ticking: tuple[Client, list[str]], bounds: dict[str, float], expected: slice
) -> None:
    client, ids = ticking
    found = client.get(RUNS, **{name: str(int(bound)) for name, bound in bounds.items()})
    assert [run["id"] for run in found["data"]] == ids[expected]


def test_bounds_hold_on_each_page_and_in_both_directions(ticking: tuple[Client, list[str]]) -> None:
    client, ids = ticking
    bounds = {"created[gte]": str(int(NOW + 6)), "created[lt]": str(int(NOW + 24))}
    inside = ids[2:20]
    page = client.get(RUNS, limit="7", **bounds)
    assert [run["id"] for run in page["data"]] == inside[:7]
    assert page["has_more"]
    page = client.get(RUNS, limit="11", starting_after=inside[6], **bounds)
    assert [run["id"] for run in page["data"]] == inside[7:]
    assert not page["has_more"], "what is older is out of bounds"
    page = client.get(RUNS, limit="3", ending_before=ids[5], **bounds)
    assert [run["id"] for run in page["data"]] == inside[:3]
    assert not page["has_more"], "what is newer is out of bounds"
    page = client.get(RUNS, limit="2", ending_before=ids[5], **bounds)
    assert [run["id"] for run in page["data"]] == inside[1:3], "those next to the cursor"
    assert page["has_more"]


def test_events_are_listed_newest_first_too(ticking: tuple[Client, list[str]]) -> None:
    client, ids = ticking
    events = client.get("/v1/events", limit="100")["data"]
    assert [event["data"]["object"]["id"] for event in events] == ids


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": "101"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"starting_after": "frr_nope"}, "starting_after"),
        ({"created[gte]": "monday"}, "created[gte]"),
        ({"created[near]": "1"}, "created[near]"),
        ({"status": "pending"}, "status"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(client: Client, params: dict[str, str], param: str) -> None:
    client.create(BALANCE, START, END)
    assert refusal(client.http.get(RUNS, params=params))["param"] == param
