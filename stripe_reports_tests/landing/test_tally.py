"""What has become of each day is reported once."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.errors import DataNotAvailableError, LakeError
from stripe_reports.landing import FailedDay, LandedDay, WaitingDay
from stripe_reports.landing.tally import Tally
from stripe_reports_tests.landing.support import days_from

_BALANCE = REPORT_TYPES["balance.summary.1"]
_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_DAYS = days_from(date(2025, 9, 1), 3)


def _landed(day: date, *, unchanged: bool = False) -> LandedDay:
    class Landed:
        report_type = _BALANCE

    landed: Any = Landed()
    landed.day, landed.unchanged = day, unchanged
    return cast("LandedDay", landed)


def _tally() -> tuple[Tally, list[Any]]:
    reported: list[Any] = []
    return Tally({_BALANCE: _DAYS, _ACTIVITY: _DAYS[:1]}, reported.append), reported


def test_each_day_is_reported_once_and_counted() -> None:
    tally, reported = _tally()
    tally.land([_landed(_DAYS[0]), _landed(_DAYS[1], unchanged=True)])
    tally.fail(_BALANCE, _DAYS, LakeError("boo"))
    tally.land([_landed(_DAYS[2])])
    assert [each.day for each in reported] == _DAYS
    assert (tally.landed, tally.unchanged, tally.failed, tally.waiting) == (2, 1, 1, 0)
    assert (tally.days, tally.left) == (4, 1)


def test_days_that_fail_together_have_errors_of_their_own() -> None:
    tally, reported = _tally()
    error = LakeError("boo")
    error.__cause__ = KeyError("why")
    tally.fail(_BALANCE, _DAYS, error)
    assert [str(each.error) for each in reported] == [f"{_BALANCE.id} {day}: boo" for day in _DAYS]
    assert all(each.error.__cause__ is error.__cause__ for each in reported)
    assert {each.together for each in reported} == {tuple(_DAYS)}
    assert str(error) == "boo"


def test_a_day_whose_data_are_to_come_waits() -> None:
    tally, reported = _tally()
    coming, gone = DataNotAvailableError("not yet"), DataNotAvailableError("no more")
    coming.comes = True
    tally.fail(_BALANCE, _DAYS[:1], coming)
    tally.fail(_BALANCE, _DAYS[1:2], gone)
    assert [type(each) for each in reported] == [WaitingDay, FailedDay]
    assert (tally.waiting, tally.failed, tally.left) == (1, 1, 2)


def test_all_that_is_left_can_fail() -> None:
    tally, reported = _tally()
    tally.land([_landed(_DAYS[1])])
    tally.fail_rest(LakeError("boo"))
    assert [(each.report_type, each.day) for each in reported[1:]] == [
        (_BALANCE, _DAYS[0]),
        (_BALANCE, _DAYS[2]),
        (_ACTIVITY, _DAYS[0]),
    ]
    assert tally.left == 0
