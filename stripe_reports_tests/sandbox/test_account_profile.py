"""Which report types an account has, and how far their data goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stripe_reports.catalog import PRESETS, REPORT_TYPES
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.every_type import LIVE_KEY
from stripe_reports_tests.sandbox.support import DAY, NOW, START, Client, clock_at, midnight, refusal

FIRST = midnight(START)
TYPES = "/v1/reporting/report_types"


def _listed(key: str, profile: str) -> set[str]:
    with Sandbox(key, port=0, files_port=0, latency=0, account_profile=profile) as sandbox:  # type: ignore[arg-type]
        client = Client(sandbox)
        found = {each["id"] for each in client.get(TYPES)["data"]}
        for id_ in REPORT_TYPES:
            assert (client.http.get(f"{TYPES}/{id_}").status_code == 200) == (id_ in found)
        client.close()
        return found


def test_each_profile_has_what_the_one_before_has_and_more() -> None:
    plain, connect, full = (_listed(LIVE_KEY, profile) for profile in ("plain", "connect", "full"))
    assert plain < connect < full == set(REPORT_TYPES)
    assert set(PRESETS["core"]) | set(PRESETS["tax"]) <= plain
    assert {REPORT_TYPES[id_].family for id_ in plain} == {
        "balance",
        "activity",
        "payout-reconciliation",
        "tax",
    }
    assert not any(id_.startswith("connect") for id_ in plain)
    assert {REPORT_TYPES[id_].family for id_ in connect - plain} == {"connect", "card-payments-fees"}
    assert "connect_card_payments_fees.plan_level.1" in connect
    assert "card_payments_fees.transaction_level.2" in full - connect


def test_a_test_key_does_not_see_what_is_live_only() -> None:
    live_only = {id_ for id_, each in REPORT_TYPES.items() if each.live_mode_only}
    assert len(live_only) == 5
    assert _listed("sk_test_example", "full") == set(REPORT_TYPES) - live_only


@pytest.mark.parametrize("id_", [id_ for id_, each in REPORT_TYPES.items() if each.live_mode_only])
def test_what_is_live_only_is_refused_to_a_test_key(client: Client, id_: str) -> None:
    message = "This report type is only available for live data and requires a live mode key."
    assert refusal(client.create(id_, FIRST, FIRST + DAY), 404)["message"] == message
    assert refusal(client.http.get(f"{TYPES}/{id_}"), 404)["message"] == message


def test_outside_the_profile_is_as_if_it_were_unknown() -> None:
    with Sandbox(LIVE_KEY, port=0, files_port=0, latency=0, account_profile="plain") as sandbox:
        client = Client(sandbox)
        for id_ in ("connected_account_payouts.itemized.3", "all_fees.incurred_at.itemized.2", "no.such.1"):
            assert refusal(client.create(id_, FIRST, FIRST + DAY))["param"] == "report_type"
            assert refusal(client.http.get(f"{TYPES}/{id_}"), 404)["code"] == "resource_missing"
        client.close()


def test_a_profile_that_is_not_there() -> None:
    with pytest.raises(ConfigurationError, match="plain, connect, full"):
        Sandbox(account_profile="grand")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("id_", "hours"),
    [
        ("balance.summary.1", 12),
        ("connected_account_payouts.itemized.3", 12),
        ("tax.transactions.itemized.2", 24),
        ("connected_account_tax.transactions.itemized.2", 24),
        ("apps.install_events.1", 48),
        ("all_fees.incurred_at.itemized.2", 96),
        ("all_fees.balance_transaction_created.summary.2", 96),
    ],
)
def test_data_is_there_as_long_after_the_day_as_documented(id_: str, hours: int) -> None:
    midnight_ = int(NOW) // DAY * DAY
    clock = [0.0]
    now: Callable[[], float] = lambda: clock[0]  # noqa: E731
    with Sandbox(LIVE_KEY, port=0, files_port=0, latency=0, now=now) as sandbox:
        client = Client(sandbox)
        ends = []
        for instant in (midnight_ + hours * 3600 - 1, midnight_ + hours * 3600):
            clock[0] = instant
            ends.append(client.get(f"{TYPES}/{id_}")["data_available_end"])
        assert ends == [midnight_ - DAY, midnight_]
        assert refusal(client.create(id_, midnight_, midnight_ + 1))["param"] == "parameters.interval_end"
        assert client.create(id_, midnight_ - DAY, midnight_).status_code == 200
        client.close()


def test_the_first_day_is_awaited() -> None:
    with Sandbox(LIVE_KEY, port=0, files_port=0, now=clock_at(FIRST + 60 * 3600)) as sandbox:
        client = Client(sandbox)
        found = {each["id"]: each for each in client.get(TYPES)["data"]}
        assert found["all_fees.incurred_at.itemized.2"]["data_available_end"] == FIRST
        assert found["balance.summary.1"]["data_available_end"] == FIRST + 2 * DAY
        client.close()
