"""Alerts are sent, sent again, and given up; their addresses stay secret."""

from __future__ import annotations

import pytest

from stripe_reports.orchestration.failed_runs import sensor as failed_runs
from stripe_reports.orchestration.failed_runs.alert import Alert
from stripe_reports_tests.orchestration.conftest import NEWEST
from stripe_reports_tests.orchestration.failed_runs.conftest import BOTH
from stripe_reports_tests.orchestration.watch import Watch
from stripe_reports_tests.scripted_server import Answer, stripe_error


def test_without_an_address_it_logs_only(without_key: Watch) -> None:
    without_key.begin(alert_url=None)
    without_key.land(NEWEST)
    assert without_key.new_alerts() == []
    assert [line for line in without_key.lines if line.startswith("Stripe report failed, our error: ")]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/SECRET", "{base}/SECRET", "SECRET"])
def test_an_alert_that_cannot_be_sent_is_logged_without_its_address(without_key: Watch, address: str) -> None:
    watch = without_key
    watch.begin(alert_url=address.format(base=watch.server.base))
    watch.server.answers("POST", "/SECRET", Answer(stripe_error("no"), 500))
    watch.land(NEWEST)
    assert watch.evaluate() == []
    assert sum("1 alert: it was not " in line for line in watch.lines) == 1
    assert "SECRET" not in "".join(watch.lines) + str(watch.cursor)


def test_an_alert_that_was_not_taken_is_sent_again_and_holds_up_no_other(without_key: Watch) -> None:
    watch = without_key.begin(BOTH, alert_url=f"{without_key.server.base}/busy")
    watch.server.answers("POST", "/busy", Answer(b"", 429), Answer(b"ok"))
    watch.land(NEWEST)
    watch.evaluate()
    (refused, taken) = watch.server.asked_for("POST", "/busy")
    assert refused.body != taken.body
    watch.evaluate()
    watch.evaluate()
    assert [asked.body for asked in watch.server.asked_for("POST", "/busy")[2:]] == [refused.body]


def test_an_alert_that_is_never_taken_is_given_up(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failed_runs, "_TRIES", 2)
    watch = without_key.begin(alert_url=f"{without_key.server.base}/nobody")
    watch.land(NEWEST)
    watch.evaluate()
    watch.evaluate()
    assert any("giving up on an alert after 2 tries: Stripe report failed" in line for line in watch.lines)
    watch.evaluate()
    assert len(watch.server.asked_for("POST", "/nobody")) == 2


def test_an_evaluation_stops_sending_in_time_and_the_next_one_goes_on(
    without_key: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = without_key.begin()
    watch.land(NEWEST)
    monkeypatch.setattr(failed_runs, "_ALL_SECONDS", 0.0)
    assert watch.new_alerts() == []
    monkeypatch.setattr(failed_runs, "_ALL_SECONDS", 45.0)
    assert len(watch.new_alerts()) == 1


def test_a_function_gets_the_same_facts_and_its_exception_breaks_nothing(without_key: Watch) -> None:
    got: list[Alert] = []

    def tell(alert: Alert) -> None:
        got.append(alert)
        raise ValueError("https://hooks.example/SECRET")

    without_key.begin(BOTH, alert=tell)
    without_key.land(NEWEST)
    posted = without_key.new_alerts()
    assert len(posted) == 2
    assert [alert.body for alert in got] == posted
    lines = [line for line in without_key.lines if line.startswith("the alert function raised ValueError (")]
    assert len(lines) == 2
    assert "SECRET" not in "".join(without_key.lines)
