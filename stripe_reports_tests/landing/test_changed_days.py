"""A day that replaces an older table says what has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Lake
from stripe_reports.landing import Backfill, LandedDay
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account
from stripe_reports_tests.landing.support import account_of, backfill, days_from, fresh, quick

_PAYOUTS = REPORT_TYPES["payouts.itemized.3"]
_BALANCE = REPORT_TYPES["balance.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 10)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


def _by_day(landed: list[LandedDay]) -> dict[date, LandedDay]:
    return {each.day: each for each in landed}


def _day_with_payouts(landed: list[LandedDay]) -> date:
    return next(each.day for each in sorted(landed, key=lambda each: each.day) if each.table.rows)


def test_a_first_landing_replaces_nothing(account: Account, lake: Lake) -> None:
    ended = backfill({_PAYOUTS: _DAYS, _BALANCE: _DAYS[:2]}, account, lake)
    assert {each.difference for each in ended.landed} == {None}


def test_a_landing_that_leaves_its_table_as_it_is_compares_nothing(account: Account, lake: Lake) -> None:
    backfill({_BALANCE: _DAYS[:2]}, account, lake)
    ended = backfill({_BALANCE: _DAYS[:2]}, account, lake)
    assert [(each.unchanged, each.difference) for each in ended.landed] == [(True, None)] * 2


def test_the_same_rows_from_another_report_run_are_unchanged(account: Account, lake: Lake) -> None:
    backfill({_PAYOUTS: _DAYS, _BALANCE: _DAYS[:2]}, account, lake)
    ended = backfill({_PAYOUTS: _DAYS, _BALANCE: _DAYS[:2]}, account, lake, fresh())
    assert len(ended.landed) == 12
    for each in ended.landed:
        assert not each.unchanged, "its file is another"
        assert each.difference is not None
        assert each.difference.unchanged


@pytest.mark.parametrize("together", [True, False])
def test_a_payout_that_failed_and_one_that_was_added_are_told_on_their_day_only(
    sandbox: Sandbox, account: Account, lake: Lake, together: bool
) -> None:
    """`together`: whether the days come from one report run, whose CSV is another for all of them."""
    first = backfill({_PAYOUTS: _DAYS}, account, lake)
    day = _day_with_payouts(first.landed)
    sandbox.fault("restated", day=str(day), rows=2)
    asked = _DAYS if together else [day]
    ended = backfill({_PAYOUTS: asked}, account_of(sandbox), lake, fresh())
    found = {each.day: each.difference for each in ended.landed}
    changed = found.pop(day)
    assert changed is not None
    assert (changed.rows_added, changed.rows_removed, changed.rows_changed) == (2, 0, 1)
    assert changed.changed_columns == {"payout_status": 1}
    assert changed.amounts_changed
    assert all(each is not None and each.unchanged for each in found.values())
    assert len(found) == len(asked) - 1


def test_a_status_alone_changes_no_amount(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    day = _day_with_payouts(backfill({_PAYOUTS: _DAYS}, account, lake).landed)
    sandbox.fault("restated", day=str(day), rows=0)
    (landed,) = backfill({_PAYOUTS: [day]}, account_of(sandbox), lake, fresh()).landed
    assert landed.difference is not None
    assert (landed.difference.rows_changed, landed.difference.amounts_changed) == (1, False)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _of_something_else(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"something": [1]}), path)


@pytest.mark.parametrize("damage", [_cut, _of_something_else])
def test_a_table_that_cannot_be_compared_is_replaced_with_one_warning(
    sandbox: Sandbox, account: Account, lake: Lake, damage: Any
) -> None:
    backfill({_BALANCE: _DAYS[:1]}, account, lake)
    damage(Path(lake.uri(_BALANCE.table, _DAYS[0])))
    ended = backfill({_BALANCE: _DAYS[:1]}, account_of(sandbox), lake, fresh())
    assert [each.difference for each in ended.landed] == [None]
    (warning,) = ended.warnings
    assert warning.startswith(
        "balance.summary.1 2025-09-01 has landed; it could not be compared with the table before: "
    )
    assert lake.read_table(_BALANCE.table, [_DAYS[0]]).num_rows


def test_a_table_that_cannot_be_kept_aside_is_replaced_with_one_warning(
    sandbox: Sandbox, account: Account, lake: Lake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    backfill({_BALANCE: _DAYS[:1]}, account, lake)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    ended = backfill({_BALANCE: _DAYS[:1]}, account_of(sandbox), lake, fresh())
    assert [each.difference for each in ended.landed] == [None]
    (warning,) = ended.warnings
    assert warning.startswith(
        "balance.summary.1 2025-09-01 will not be compared with the table before: cannot copy "
    )


def test_a_landing_that_fails_leaves_nothing_open(
    sandbox: Sandbox, account: Account, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []
    copy = lake.replaced.copy
    monkeypatch.setattr(lake.replaced, "copy", lambda *of: copies.append(copy(*of)) or copies[-1])
    backfill({_PAYOUTS: _DAYS}, account, lake)
    sandbox.fault("unfit", report_type=_PAYOUTS.id)
    ended = backfill({_PAYOUTS: _DAYS[:9]}, account_of(sandbox), lake, fresh())
    assert ended.failed
    kept = [each for each in copies if each is not None]
    assert len(kept) >= 9
    assert all(each.closed for each in kept)


def test_a_landing_that_is_stopped_tells_of_its_day_without_comparing_it(
    sandbox: Sandbox, account: Account, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    backfill({_BALANCE: _DAYS[:1]}, account, lake)
    landing = Backfill({_BALANCE: _DAYS[:1]}, account=account_of(sandbox), lake=lake, settings=fresh())
    land = lake.land

    def stopped_meanwhile(*of: Any, **more: Any) -> Any:
        landed = land(*of, **more)
        landing._shared.stopped.set()
        return landed

    monkeypatch.setattr(lake, "land", stopped_meanwhile)
    told = [*landing.outcomes(), *landing.stop()]
    (landed,) = [each for each in told if isinstance(each, LandedDay)]
    assert landed.difference is None
    assert any("the landing was stopped" in str(each) for each in told)


def test_what_landed_is_what_is_asked_for_next_time(sandbox: Sandbox, account: Account, lake: Lake) -> None:
    day = _day_with_payouts(backfill({_PAYOUTS: _DAYS}, account, lake).landed)
    sandbox.fault("restated", day=str(day))
    backfill({_PAYOUTS: [day]}, account_of(sandbox), lake, quick(fresh="again"))
    (again,) = backfill({_PAYOUTS: [day]}, account_of(sandbox), lake, quick(fresh="again")).landed
    assert (again.unchanged, again.difference) == (True, None)
