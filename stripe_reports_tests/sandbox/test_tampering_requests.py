"""How tampering is requested, in words and over HTTP, and what is refused."""

from __future__ import annotations

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import Client
from stripe_reports_tests.sandbox.tampered_days import fetch_activity


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2025-01-24", r"'2025-01-24' is not DAY,KIND or DAY,KIND,key=value, such as 2026-11-20,cent"),
        ("2025-01-24,cents", r"unknown tampering 'cents'; did you mean 'cent'\?; the kinds are "),
        ("cent,2025-01-24", r"'cent' is not a day; write YYYY-MM-DD"),
        ("2025-02-30,cent", r"'2025-02-30' is not a day"),
        ("2024-12-31,cent", r"2024-12-31 is before the sandbox.s ledger, which begins on 2025-01-01"),
        ("2025-01-14,cent", r"the ledger has no such row on 2025-01-14 \(report_type=balance_change"),
        ("2025-01-25,lost,report_type=payouts.itemized.3", r"no such row on 2025-01-25"),
        ("2025-01-24,cent,usd", r"'2025-01-24,cent,usd' is not DAY,KIND"),
        ("2025-01-24,cent,row=1", r"tampering cent has no setting 'row'; it takes report_type, "),
        ("2025-01-24,cent,report_type=payout.itemized.3", r"selects no report type .*did you mean 'payouts"),
        ("2025-01-24,lost,report_type=*by_id*", r"selects no report type over an interval"),
        ("2025-01-24,cent,column=description", r"selects none with an amount in the column description"),
        ("2025-01-24,cent,category=charges", r"no such row .*category=charges\); choose another day"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        Sandbox(tampering=[text])
    assert "\n" not in str(error.value)


def test_tampering_over_http(books: tuple[Sandbox, Client]) -> None:
    sandbox, client = books
    at = "/_tamperings"
    before = fetch_activity(client)
    shown = {"day": "2025-01-24", "kind": "lost", "currency": "eur"}
    shown["report_type"] = "balance_change_from_activity.itemized.*"
    calls = sandbox.calls
    answer = client.http.post(at, json={"day": "2025-01-24", "kind": "lost", "currency": "eur"})
    assert (answer.status_code, answer.json()) == (200, shown | {"applied": 0})
    assert sandbox.calls == calls, "these calls are none of Stripe's"
    assert len(fetch_activity(client)) == len(before) - 1
    assert client.http.get(at).json()["data"] == [shown | {"applied": 1}]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"2025-01-24,cent", "must be a JSON object with a day, a kind"),
        (b'{"kind": "cent"}', "must be a JSON object with a day, a kind"),
        (b'{"day": "2025-01-24", "kind": "sent"}', "unknown tampering 'sent'; did you mean 'cent'?"),
        (b'{"day": 20250124, "kind": "cent"}', "'20250124' is not a day"),
    ],
)
def test_a_bad_body_is_refused(client: Client, body: bytes, says: str) -> None:
    answer = client.http.post("/_tamperings", content=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert client.http.get("/_tamperings").json()["data"] == []
