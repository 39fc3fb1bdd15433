"""The row of a report run that a tampering changes: the same row in every run that contains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from stripe_reports.catalog import ColumnType, ReportType, column_type, dimensions
from stripe_reports.sandbox.ledger import DAY, Ledger, midnight
from stripe_reports.sandbox.reports import REPORT_BODIES, Query, Row, columns_of
from stripe_reports.sandbox.tampering.tampering import Tampering

IsTarget = Callable[[Row], bool]

_AMOUNTS = ("net", "net_amount", "amount")
_RESTATED_COLUMNS = ("payout_status", "description", "balance_transaction_description")


def changed_column(tampering: Tampering, report_type: ReportType) -> str | None:
    """Return the column whose value changes; None if the report type has no such column."""
    columns = columns_of(report_type)
    if tampering.kind == "restated":
        is_sum = report_type.granularity == "summary"
        return None if is_sum else next((each for each in _RESTATED_COLUMNS if each in columns), None)
    amounts = [each for each in columns if column_type(each) is ColumnType.DECIMAL]
    if asked := tampering["column"]:
        return asked if asked in amounts else None
    return next((each for each in (*_AMOUNTS, *amounts) if each in amounts), None)


def find_target(
    tampering: Tampering, report_type: ReportType, query: Query, ledger: Ledger
) -> IsTarget | None:
    """Return a function that recognizes the row; None if the run cannot contain the row.

    The row of an itemized report is built again from the ledger's day and compared, so that the interval and
    the filters of the run do not matter. A sum is identified by what it is grouped by.
    """
    if report_type.interval == "as_of_end":
        if not _ends(tampering, query):
            return None
        of_day = query
    else:
        start = midnight(tampering.day)
        if query.end <= start or query.start >= start + DAY:
            return None
        of_day = replace(query, start=start, end=start + DAY)
    is_sum = report_type.granularity == "summary"
    if not is_sum:
        of_day = replace(of_day, currency=None, reporting_category=None, connected_accounts=None, filters={})
    rows = REPORT_BODIES[report_type.id](ledger, of_day)
    target = next(_candidates(tampering, report_type, rows), None)
    if target is None:
        return None
    if not is_sum:
        return target.__eq__
    if report_type.interval == "range" and not _is_in_sum(tampering, target, query):
        return None
    about = [each for each in dimensions(report_type, columns_of(report_type)) if each != "description"]
    return lambda row: all(row.get(each) == target.get(each) for each in about)


def _candidates(tampering: Tampering, report_type: ReportType, rows: Iterator[Row]) -> Iterator[Row]:
    if tampering.kind == "restated":
        column = changed_column(tampering, report_type)
        return (row for row in rows if column in row and row[column] != tampering["status"])
    currency, category = tampering["currency"], tampering["category"]
    found = (
        row
        for row in rows
        if currency in (None, row.get("currency"))
        and (category is None or fnmatchcase(_category(row), category))
    )
    if tampering.kind != "cent":
        return found
    column = changed_column(tampering, report_type) or ""
    return (row for row in found if row.get(column) is not None)


def _category(row: Row) -> str:
    names = ("category", "reporting_category", "balance_transaction_reporting_category")
    return next((text for name in names if (text := row.get(name))), "")


def _is_in_sum(tampering: Tampering, target: Row, query: Query) -> bool:
    """Return whether the error of the day is in the run.

    The run that contains the day's noon has the error: of adjoining runs, exactly one does, in every time
    zone. Balances are those at the ends of the run. A line of a longer run is not the day's line.
    """
    begins, ends = _begins(tampering, query), _ends(tampering, query)
    if tampering.kind != "cent":
        return begins and ends
    category = _category(target)
    if category.startswith("starting_balance"):
        return begins
    if category == "ending_balance":
        return ends
    return query.start <= _noon(tampering) < query.end


def _begins(tampering: Tampering, query: Query) -> bool:
    return _noon(tampering) - DAY < query.start <= _noon(tampering)


def _ends(tampering: Tampering, query: Query) -> bool:
    return _noon(tampering) < query.end <= _noon(tampering) + DAY


def _noon(tampering: Tampering) -> int:
    return midnight(tampering.day) + DAY // 2
