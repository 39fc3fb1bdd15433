"""A month is closed once all of it is there and agrees, and does not move without a word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from stripe_reports import __version__
from stripe_reports.catalog import as_text, select_report_types
from stripe_reports.close import Closing, close_month
from stripe_reports.errors import CloseError, ConfigurationError
from stripe_reports.lake import Lake, OfferedReports
from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.close.landed_month import (
    ACTIVITY,
    BALANCE,
    DAYS,
    FIRST,
    PAID,
    PAYOUTS,
    TABLES,
    landed_month,
)
from stripe_reports_tests.core_lake import Rows, a_cent_off, land, rewrite, without_row

_NAMES = ["trial_balance.csv", "journal.csv", "journal.hledger", "journal.beancount", "close.json"]
_BOOKS = _NAMES[:-1]


def _close(lake: Lake, *, waivers: Mapping[str, str] | None = None, reclose: bool = False) -> Closing:
    return close_month(lake, FIRST, tables=TABLES, waivers=waivers, reclose=reclose)


def _bodies(lake: Lake) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(lake.root, "_closed", "2025-02").iterdir()}


def _refusal(lake: Lake, **more: Mapping[str, str]) -> str:
    with pytest.raises(CloseError) as refused:
        _close(lake, **more)
    assert not Path(lake.root, "_closed", "2025-02", "close.json").exists()
    return str(refused.value)


def _day_with(lake: Lake, table: str) -> date:
    return next(day for day in DAYS if lake.landed(table, day).table.rows)  # type: ignore[union-attr]


def _busiest(lake: Lake) -> date:
    return max(DAYS, key=lambda day: lake.read_table(ACTIVITY, [day]).num_rows)


def test_a_month_that_is_there_and_agrees_is_closed_and_ties_to_stripes_balance(
    closing: tuple[Lake, Closing],
) -> None:
    lake, found = closing
    assert list(found.kept.uris) == _NAMES
    assert not found.kept.closed_before
    assert not found.waived
    assert set(found.books.currencies) == {"usd", "eur", "jpy", "kwd"}
    last = lake.read_table(BALANCE, [DAYS[-1]]).to_pylist()
    ending = {r["currency"]: r["net_amount"] for r in last if r["category"] == "ending_balance"}
    closed = {
        line.currency: Decimal(line.texts[-1])
        for line in found.trial_balance
        if line.account == "Assets:Stripe:Balance"
    }
    assert closed == ending


def test_the_manifest_says_what_was_closed_and_on_what_evidence(closing: tuple[Lake, Closing]) -> None:
    lake, found = closing
    bodies = _bodies(lake)
    said = json.loads(bodies["close.json"])
    assert (said["month"], said["timezone"], said["package_version"]) == ("2025-02", "UTC", __version__)
    assert said["waivers"] == {}
    assert said["sha256"] == {name: sha256(bodies[name]).hexdigest() for name in _BOOKS}
    assert set(said["evidence"]) == set(TABLES)
    assert said["evidence"][PAYOUTS] == {
        str(day): lake.provenance(PAYOUTS, day)["csv_sha256"] for day in DAYS
    }
    assert said["counts"]["transactions"] == lake.read_table(ACTIVITY, DAYS).num_rows
    assert said["counts"]["payouts"] == lake.read_table(PAYOUTS, DAYS).num_rows
    usd = found.books.closing("usd")
    assert said["balances"]["USD"]["closing"] == as_text(usd, "usd")


def test_closed_again_it_has_identical_bytes(closing: tuple[Lake, Closing], closed: Lake) -> None:
    again = _close(closed)
    assert (again.kept.closed_before, again.kept.changed, again.kept.rests_on_more) == (True, (), False)
    assert _bodies(closed) == _bodies(closing[0])


@pytest.mark.slow
def test_from_another_lake_with_the_same_csvs_it_has_identical_bytes(
    closing: tuple[Lake, Closing], tmp_path: Path
) -> None:
    other = landed_month(tmp_path / "elsewhere")
    runs = [each.provenance(PAYOUTS, FIRST)["report_run_id"] for each in (closing[0], other)]
    assert runs[0] != runs[1]
    _close(other)
    assert _bodies(other) == _bodies(closing[0])


@pytest.mark.parametrize("table", [BALANCE, PAID])
def test_a_month_with_a_day_missing_is_refused(lake: Lake, table: str) -> None:
    Path(lake.uri(table, DAYS[9])).unlink()
    text = f"2025-02 is not closed: {table} of 2025-02-10 has not landed; materialize these days first"
    assert _refusal(lake) == text


def test_of_many_days_that_are_missing_the_first_are_named(lake: Lake) -> None:
    for day in DAYS[3:]:
        Path(lake.uri(PAYOUTS, day)).unlink()
    assert (
        f"{PAYOUTS} of 2025-02-04, {PAYOUTS} of 2025-02-05, {PAYOUTS} of 2025-02-06 and 22 more"
        in _refusal(lake)
    )


def test_a_cent_in_one_row_refuses_the_month_and_names_identity_day_and_currency(lake: Lake) -> None:
    day = _busiest(lake)
    rewrite(lake, ACTIVITY, day, a_cent_off("net"))
    currency = lake.read_table(ACTIVITY, [day])["currency"][0].as_py()
    text = _refusal(lake)
    assert f"I3 is broken on {day} in {currency}, 0.01 off" in text
    assert "waive I3, I5 with a reason" in text


@pytest.mark.slow
def test_waived_identities_do_not_let_books_through_that_do_not_come_to_stripes_balance(
    lake: Lake,
) -> None:
    day = _busiest(lake)
    rewrite(lake, ACTIVITY, day, a_cent_off("net"))
    rewrite(lake, ACTIVITY, day, a_cent_off("gross"))
    text = _refusal(lake, waivers={"I3": "we know"})
    assert "the journal brings the balance to" in text
    assert "-0.01 off" in text


def test_a_waiver_closes_the_month_and_stands_in_the_manifest_with_its_reason(lake: Lake) -> None:
    day = _day_with(lake, PAID)
    rewrite(lake, PAID, day, without_row())
    waivers = {"I8": "Stripe is asked", "I7": "Stripe is asked", "I9": "not needed"}
    assert "I7 is broken" in _refusal(lake, waivers={"I8": "Stripe is asked"})
    closing = _close(lake, waivers=waivers)
    assert closing.waived == {"I7": "Stripe is asked", "I8": "Stripe is asked"}
    assert closing.unused_waivers == ["I9"]
    said = json.loads(_bodies(lake)["close.json"])["waivers"]
    assert {name: each["reason"] for name, each in said.items()} == closing.waived
    (outcome,) = said["I7"]["outcomes"]
    assert (outcome["day"], outcome["outcome"]) == (str(day), "broken")


def test_what_cannot_be_told_refuses_the_month_too_unless_it_is_waived(lake: Lake) -> None:
    """The lake begins earlier, and lacks the day before the month."""
    earlier = Path(lake.uri(BALANCE, date(2025, 1, 30)))
    earlier.parent.mkdir()
    shutil.copy(lake.uri(BALANCE, FIRST), earlier)
    assert "I2 cannot be checked on 2025-02-01" in _refusal(lake)
    assert _close(lake, waivers={"I2": "January was never landed"}).waived


@pytest.mark.parametrize(
    ("waivers", "text"),
    [
        ({"I99": "why not"}, "'I99', which is not an identity"),
        ({"I9": " "}, "the waiver of I9 has no reason"),
    ],
)
def test_a_waiver_that_makes_no_sense_is_refused(lake: Lake, waivers: dict[str, str], text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        _close(lake, waivers=waivers)


def test_a_month_cannot_be_closed_without_its_payouts(month: Lake) -> None:
    with pytest.raises(ConfigurationError, match="without the report payouts itemized"):
        close_month(month, FIRST, tables=[ACTIVITY, BALANCE])


def _booked_otherwise(rows: Rows) -> Rows:
    """No identity of these tables knows of categories."""
    number = next(n for n, row in enumerate(rows) if row["reporting_category"] == "charge")
    rows[number] = {**rows[number], "reporting_category": "other_adjustment"}
    return rows


def test_a_closed_month_that_would_move_is_refused_unless_it_is_meant(closed: Lake) -> None:
    before = _bodies(closed)
    rewrite(closed, ACTIVITY, _busiest(closed), _booked_otherwise)
    with pytest.raises(CloseError, match="2025-02 is already closed, and its books would change: trial_bal"):
        _close(closed)
    assert _bodies(closed) == before
    closing = _close(closed, reclose=True)
    assert closing.kept.closed_before
    assert closing.kept.changed == _NAMES
    assert all(body != before[name] for name, body in _bodies(closed).items())


@pytest.mark.slow
def test_a_closing_stays_as_it_is_where_its_days_were_landed_again_and_say_the_same(closed: Lake) -> None:
    before = _bodies(closed)
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=10) as sandbox:
        land(closed, sandbox, DAYS[:1], select="payouts.itemized.3")
    evidence = json.loads(before["close.json"])["evidence"][PAYOUTS]
    assert evidence[str(DAYS[0])] != closed.provenance(PAYOUTS, DAYS[0])["csv_sha256"]
    closing = _close(closed)
    assert (closing.kept.rests_on_more, closing.kept.changed) == (True, ())
    assert _bodies(closed) == before


@pytest.mark.slow
def test_days_that_land_while_the_month_is_closed_are_noticed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stripe_reports.close import closing as module

    read = module.read_movements

    def meanwhile(*given: object) -> object:
        with Sandbox(port=0, files_port=0, latency=0, rows_per_day=10) as sandbox:
            land(lake, sandbox, DAYS[:1], select="payouts.itemized.3")
        return read(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "read_movements", meanwhile)
    assert "some of its days landed again meanwhile" in _refusal(lake)


def _shouted(rows: Rows) -> Rows:
    names = ("currency", "category", "reporting_category")
    return [{**row, **{name: (row[name] or "").upper() for name in names if name in row}} for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("tables", [[ACTIVITY], list(TABLES)], ids=len)
def test_case_moves_no_books(closing: tuple[Lake, Closing], lake: Lake, tables: list[str]) -> None:
    """Currencies and categories, in some of the reports or in all."""
    for table in tables:
        for day in DAYS:
            rewrite(lake, table, day, _shouted)
    found = _close(lake)
    assert not found.waived
    assert {name: body for name, body in _bodies(lake).items() if name in _BOOKS} == {
        name: body for name, body in _bodies(closing[0]).items() if name in _BOOKS
    }


def test_a_month_closes_without_reports_that_the_account_does_not_offer_and_says_what_is_not_proven(
    lake: Lake,
) -> None:
    offered = [each.id for each in select_report_types("core") if each.table != PAID]
    OfferedReports(lake).keep(offered)
    shutil.rmtree(Path(lake.root, PAID))
    closing = _close(lake)
    said = json.loads(_bodies(lake)["close.json"])
    assert PAID not in said["evidence"]
    assert said["not_proven"] == closing.not_proven
    for name in ("I7", "I8"):
        assert "payout_reconciliation.itemized is not offered by this account" in said["not_proven"][name]
    assert "I9" in said["not_proven"], "nor is what is not selected"
    assert not {"I1", "I2", "I3", "I6"} & said["not_proven"].keys()


def test_a_month_cannot_be_closed_where_the_account_does_not_offer_what_is_booked(lake: Lake) -> None:
    OfferedReports(lake).keep(each.id for each in select_report_types("core") if each.table != PAYOUTS)
    shutil.rmtree(Path(lake.root, PAYOUTS))
    assert "without the report payouts itemized, which this account does not offer" in _refusal(lake)
