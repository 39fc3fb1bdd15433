"""What Stripe can report: report types as data, their columns and types, days as intervals. No I/O."""

from stripe_reports.catalog._nearest import nearest
from stripe_reports.catalog.amounts import EXACT, amount_text, currency_digits
from stripe_reports.catalog.availability import data_ready_by
from stripe_reports.catalog.columns import ColumnType, column_type, line_columns
from stripe_reports.catalog.days import (
    Interval,
    day_interval,
    days_between,
    is_utc,
    newest_complete_day,
    parse_day,
    stretch_texts,
    stretches,
    time_zone,
)
from stripe_reports.catalog.report_type import (
    REPORT_TYPES,
    IntervalKind,
    ReportType,
    unlisted_report_type,
)
from stripe_reports.catalog.row_keys import dimensions, id_candidates
from stripe_reports.catalog.selection import PRESETS, matches_pattern, select_report_types

__all__ = [
    "EXACT",
    "PRESETS",
    "REPORT_TYPES",
    "ColumnType",
    "Interval",
    "IntervalKind",
    "ReportType",
    "amount_text",
    "column_type",
    "currency_digits",
    "data_ready_by",
    "day_interval",
    "days_between",
    "dimensions",
    "id_candidates",
    "is_utc",
    "line_columns",
    "matches_pattern",
    "nearest",
    "newest_complete_day",
    "parse_day",
    "select_report_types",
    "stretch_texts",
    "stretches",
    "time_zone",
    "unlisted_report_type",
]
