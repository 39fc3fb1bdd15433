"""`reporting.report_type.updated`: told when the data of a report type end elsewhere than before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, Client

_BALANCE = "balance.summary.1"
_TAX = "tax.transactions.itemized.2"


@dataclass
class Stripe:
    """A sandbox whose clock the test sets."""

    now: float = NOW
    sandbox: Sandbox = field(init=False)
    client: Client = field(init=False)

    def report_type(self, id_: str = _BALANCE) -> Any:
        return self.client.get(f"/v1/reporting/report_types/{id_}")

    def told(self) -> list[Any]:
        """The newest first."""
        return [each["data"]["object"] for each in self.events()]

    def events(self) -> list[Any]:
        return list(self.client.get("/v1/events", type="reporting.report_type.updated", limit=100)["data"])


@pytest.fixture
def stripe() -> Iterator[Stripe]:
    made = Stripe()
    with Sandbox(port=0, files_port=0, latency=0, now=lambda: made.now) as made.sandbox:
        made.client = Client(made.sandbox)
        yield made
        made.client.close()


def test_nothing_is_told_at_the_start_and_while_nothing_moves(stripe: Stripe) -> None:
    stripe.now += 11.9 * 3600
    assert stripe.told() == []


def test_noon_is_told_once_for_each_report_type_whose_data_come_then(stripe: Stripe) -> None:
    before = {each["id"]: each for each in stripe.client.get("/v1/reporting/report_types")["data"]}
    stripe.now += DAY
    told = {each["id"]: each for each in stripe.told()}
    assert told.keys() == before.keys(), "each of them comes a day further in a day"
    assert told[_BALANCE]["data_available_end"] == before[_BALANCE]["data_available_end"] + DAY
    assert len(stripe.told()) == len(told)


def test_the_object_is_the_report_type_as_it_is_from_then_on(stripe: Stripe) -> None:
    stripe.now += DAY + 5
    (told,) = [each for each in stripe.told() if each["id"] == _BALANCE]
    assert told == stripe.report_type()
    assert told["object"] == "reporting.report_type"
    assert told["updated"] == int(NOW) + DAY + 5 > told["data_available_end"]
    assert {event["created"] for event in stripe.events()} == {told["updated"]}
    stripe.now += 100
    assert stripe.report_type() == told


def test_a_late_fault_is_told_when_it_is_set_and_when_it_is_cleared(stripe: Stripe) -> None:
    usual = stripe.report_type()["data_available_end"]
    stripe.now += 1
    stripe.sandbox.fault("late", report_type=_BALANCE, seconds=7200)
    (late,) = stripe.told()
    assert (late["id"], late["data_available_end"], late["updated"]) == (_BALANCE, usual - 7200, int(NOW) + 1)
    stripe.now += 1
    stripe.sandbox.clear_faults()
    back, _ = stripe.told()
    assert (back["id"], back["data_available_end"], back["updated"]) == (_BALANCE, usual, int(NOW) + 2)
    assert stripe.report_type(_TAX)["updated"] <= NOW


def test_a_late_fault_from_the_start_is_told_when_it_is_cleared_only(stripe: Stripe) -> None:
    with Sandbox(port=0, files_port=0, now=lambda: NOW, faults=[f"late:report_type={_TAX}"]) as sandbox:
        stripe.client.close()
        stripe.client = Client(sandbox)
        assert stripe.told() == []
        sandbox.clear_faults()
        assert [each["id"] for each in stripe.told()] == [_TAX]


@pytest.mark.parametrize("when", [{"count": 1}, {"probability": 1.0}])
def test_a_late_fault_that_strikes_now_and_then_moves_nothing_and_is_not_used_up(
    stripe: Stripe, when: dict[str, Any]
) -> None:
    fault = stripe.sandbox.fault("late", report_type=_BALANCE, **when)
    assert stripe.told() == []
    assert fault.applied == 0
    assert stripe.report_type()["data_available_end"] == stripe.sandbox.data_available_end - DAY
    assert fault.applied == 1


def test_looking_for_movements_does_not_count_as_a_strike(stripe: Stripe) -> None:
    fault = stripe.sandbox.fault("late", report_type=_BALANCE)
    stripe.told()
    assert fault.applied == 0
