"""Every message is one line that says where."""

from datetime import date

from stripe_reports.errors import CsvError, StripeReportsError


def test_a_message_says_report_type_day_and_report_run() -> None:
    error = CsvError("line 3: bad").at(
        report_type="payouts.itemized.3", day=date(2026, 1, 2), report_run="frr_1"
    )
    assert str(error) == "payouts.itemized.3 2026-01-02 (report run frr_1): line 3: bad"


def test_what_is_known_first_stays() -> None:
    error = CsvError("bad", report_run="frr_1").at(report_run="frr_2", report_type="a")
    assert (error.report_run, error.report_type) == ("frr_1", "a")


def test_a_message_is_one_line_whatever_was_put_in() -> None:
    assert str(StripeReportsError("two\n  lines")) == "two lines"
