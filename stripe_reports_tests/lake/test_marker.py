"""A lake belongs to one mode and one Stripe account, whoever comes first."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake


def _marker(lake: Lake) -> Path:
    return Path(lake.root) / "_stripe_reports.json"


def test_the_first_claim_is_written_down_and_may_be_repeated(lake: Lake) -> None:
    for _ in range(2):
        lake.claim(livemode=True, account="acct_1")
    assert json.loads(_marker(lake).read_text()) == {"format": 1, "livemode": True, "account": "acct_1"}
    assert Lake.open(lake.root).claim(livemode=True, account="acct_1") is None


@pytest.mark.parametrize(("first", "then"), [(True, "test mode"), (False, "live mode")])
def test_another_mode_is_refused_with_what_to_do(lake: Lake, first: bool, then: str) -> None:
    lake.claim(livemode=first, account=None)
    with pytest.raises(LakeError) as caught:
        lake.claim(livemode=not first, account=None)
    message = str(caught.value)
    assert lake.root in message
    assert f"this is {then}" in message
    assert message.endswith("set STRIPE_REPORTS_LAKE to another place")
    assert "\n" not in message


def test_another_account_is_refused(lake: Lake) -> None:
    lake.claim(livemode=False, account="acct_1")
    with pytest.raises(LakeError, match="belongs to account acct_1 and this is account acct_2"):
        lake.claim(livemode=False, account="acct_2")


def test_an_account_that_is_not_known_now_is_not_compared(lake: Lake) -> None:
    lake.claim(livemode=False, account="acct_1")
    lake.claim(livemode=False, account=None)
    with pytest.raises(LakeError, match="acct_1"):
        lake.claim(livemode=False, account="acct_2")


def test_an_account_that_becomes_known_later_is_written_down(lake: Lake) -> None:
    lake.claim(livemode=False, account=None)
    lake.claim(livemode=False, account="acct_1")
    lake.claim(livemode=False, account="acct_1")
    lake.claim(livemode=False, account=None)
    with pytest.raises(LakeError, match="belongs to account acct_1 and this is account acct_2"):
        Lake.open(lake.root).claim(livemode=False, account="acct_2")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"format": 1}', '{"format": 1, "livemode": 1, "account": null}',
             '{"format": 1, "livemode": true, "account": 5}', '{"format": "1", "livemode": true}', "\xff"],
)  # fmt: skip
def test_a_damaged_marker_is_not_written_over(lake: Lake, text: str) -> None:
    _marker(lake).write_text(text, encoding="latin-1")
    with pytest.raises(LakeError, match=r"_stripe_reports\.json is damaged.*restore it"):
        lake.claim(livemode=True, account="acct_1")
    assert _marker(lake).read_text(encoding="latin-1") == text


def test_a_marker_of_a_later_version_is_respected(lake: Lake) -> None:
    _marker(lake).write_text('{"format": 2, "owner": "?"}')
    with pytest.raises(LakeError, match="has format 2 and this version knows 1"):
        lake.claim(livemode=True, account=None)


@pytest.mark.parametrize("known_mode", [True, False], ids=["known mode", "new lake"])
def test_of_many_threads_with_different_accounts_exactly_one_wins(lake: Lake, known_mode: bool) -> None:
    if known_mode:
        lake.claim(livemode=False, account=None)
    start = Barrier(16)

    def claims(account: str) -> bool:
        start.wait()
        try:
            lake.claim(livemode=False, account=account)
        except LakeError:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        accounts = [f"acct_{n % 4}" for n in range(16)]
        won = list(threads.map(claims, accounts))
    assert sum(won) == 4
    assert len({account for account, is_winner in zip(accounts, won, strict=True) if is_winner}) == 1


def test_of_two_processes_with_different_modes_exactly_one_wins(lake: Lake) -> None:
    code = (
        "import sys; from stripe_reports.lake import Lake; lake = Lake.open(sys.argv[1]);"
        "print('ready', flush=True); sys.stdin.readline();"
        "lake.claim(livemode=sys.argv[2] == 'live', account=None); print('won')"
    )
    claims = [
        subprocess.Popen(
            [sys.executable, "-c", code, lake.root, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for mode in ("live", "test")
    ]
    for claim in claims:
        assert claim.stdout is not None
        claim.stdout.readline()
    for claim in claims:
        assert claim.stdin is not None
        claim.stdin.write("go\n")
        claim.stdin.flush()
    ends = [claim.communicate() for claim in claims]
    assert sorted(out for out, _ in ends) == ["", "won\n"]
    assert sum("belongs to" in error for _, error in ends) == 1
