"""The policy for personal data decides what Stripe is asked for, and which days are landed anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.catalog import REPORT_TYPES, personal_data
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake import Lake, Pii
from stripe_reports.landing import NotSubmitted, ReportRequest, submit
from stripe_reports.landing.unexpected import error_of
from stripe_reports.sandbox import Sandbox
from stripe_reports.stripe_api import Account, list_report_runs
from stripe_reports_tests.landing.support import Ended, account_of, backfill, days_from

_ACTIVITY = REPORT_TYPES["balance_change_from_activity.itemized.3"]
_PAYOUTS = REPORT_TYPES["payout_reconciliation.itemized.5"]
_REFUNDS = REPORT_TYPES["connect.negative_balance_refunds_disputes_overview.1"]
_BALANCE = REPORT_TYPES["balance.summary.1"]
_DAYS = days_from(date(2025, 9, 1), 2)
_KEY, _OTHER_KEY = "a key of thirty-two characters, for tests", "another key of as many characters, for tests"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0, files_port=0, latency=0, rows_per_day=8) as running:
        yield running


def _land(sandbox: Sandbox, root: str, pii: Pii, key: str = _KEY, keep_csv: bool | None = None) -> Ended:
    lake = Lake.open(root, pii_key=key, keep_csv=keep_csv)
    requests = {each.id: ReportRequest(pii=pii) for each in (_ACTIVITY, _PAYOUTS)}
    return backfill(dict.fromkeys((_ACTIVITY, _PAYOUTS), _DAYS), account_of(sandbox), lake, requests=requests)


def test_what_is_to_be_dropped_is_not_asked_for_where_columns_can_be_chosen(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ended = _land(sandbox, str(tmp_path), "drop", key="")
    assert (len(ended.landed), ended.errors) == (4, {})
    runs = list_report_runs(account_of(sandbox).api, created_from=0)
    asked = {each.report_type: each.parameters.get("columns") for each in runs}
    for report_type in (_ACTIVITY, _PAYOUTS):
        assert asked[report_type.id] == [name for name in report_type.columns if not personal_data(name)]
    for each in ended.landed:
        assert "gross" in each.table.schema.names
        assert not any(map(personal_data, each.table.schema.names))
    assert not list(tmp_path.glob("_csv/*"))


def test_where_stripe_decides_on_the_columns_they_are_dropped_as_they_land(
    sandbox: Sandbox, account: Account, tmp_path: Path
) -> None:
    requests = {_REFUNDS.id: ReportRequest(pii="drop")}
    (landed,) = backfill({_REFUNDS: _DAYS[:1]}, account, Lake.open(str(tmp_path)), requests=requests).landed
    assert landed.table.pii_columns == ("business_name",)
    assert landed.table.schema.names == [name for name in _REFUNDS.columns if not personal_data(name)]


def test_hashes_join_tables_and_days(sandbox: Sandbox, tmp_path: Path) -> None:
    _land(sandbox, str(tmp_path / "hashed"), "hash")
    _land(sandbox, str(tmp_path / "clear"), "keep")
    emails = {}
    for name in ("hashed", "clear"):
        lake = Lake.open(str(tmp_path / name))
        activity, paid = (
            lake.read_table(each.table, columns=["balance_transaction_id", "customer_email"])
            for each in (_ACTIVITY, _PAYOUTS)
        )
        joined = activity.join(paid, ["customer_email"], join_type="inner", right_suffix="_paid")
        emails[name] = joined.sort_by(
            [(each, "ascending") for each in joined.column_names if each != "customer_email"]
        )
    assert emails["hashed"].num_rows == emails["clear"].num_rows > 0
    assert emails["hashed"].drop_columns("customer_email") == emails["clear"].drop_columns("customer_email")
    pairs = set(zip(*(each.column("customer_email").to_pylist() for each in emails.values()), strict=True))
    assert len(pairs) == len({hashed for hashed, _ in pairs}) == len({clear for _, clear in pairs})


def test_a_day_under_another_policy_or_key_is_landed_anew(sandbox: Sandbox, tmp_path: Path) -> None:
    root = str(tmp_path)
    steps: list[tuple[Pii, str, int]] = [
        ("keep", "", 0), ("keep", _KEY, 4), ("hash", _KEY, 0), ("hash", f" {_KEY}\n", 4),
        ("hash", _OTHER_KEY, 0), ("drop", _KEY, 0), ("drop", "", 4), ("keep", "", 0),
    ]  # fmt: skip
    for pii, key, unchanged in steps:
        ended = _land(sandbox, root, pii, key, keep_csv=False)
        assert (len(ended.landed), ended.unchanged) == (4, unchanged), (pii, key)
        assert all(each.table.first_rows is not None for each in ended.landed)
    assert sandbox.report_runs_created == 4, "hashing needs no new report run; to drop columns does"


def test_without_a_key_nothing_is_asked_of_stripe(sandbox: Sandbox, tmp_path: Path) -> None:
    ended = _land(sandbox, str(tmp_path), "hash", key="short")
    assert len(ended.failed) == 4
    assert all(isinstance(each.error, ConfigurationError) for each in ended.failed)
    requests = {_BALANCE.id: ReportRequest(pii="hash")}
    lake = Lake.open(str(tmp_path))
    (left,) = submit({_BALANCE: _DAYS}, account=account_of(sandbox), lake=lake, requests=requests)
    assert isinstance(left, NotSubmitted)
    assert "STRIPE_REPORTS_PII_KEY is not set" in str(left.error)
    assert not sandbox.calls


def test_a_request_for_nothing_but_what_is_dropped_is_refused() -> None:
    request = ReportRequest(columns=["customer_email"], pii="drop")
    with pytest.raises(ConfigurationError, match="pii=drop leaves none of the columns"):
        request.check(_ACTIVITY)
    ReportRequest(columns=["customer_email"], pii="hash").check(_ACTIVITY)


def test_an_unexpected_error_shows_no_text_that_may_quote_a_row(account: Account) -> None:
    try:
        try:
            raise KeyError("ann@shop.example")
        except KeyError as error:
            raise ValueError("ben@shop.example") from error
    except ValueError as raised:
        error = error_of(raised, account.api.redact, hides_texts=True)
    assert "unexpected ValueError (stripe_reports" in str(error)
    assert error.__cause__ is None
    trace = error.trace  # type: ignore[attr-defined]
    assert "shop.example" not in trace.replace('raise KeyError("ann@shop.example")', "").replace(
        'raise ValueError("ben@shop.example")', ""
    )
    assert trace.endswith("ValueError")
