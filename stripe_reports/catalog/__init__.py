"""What Stripe can report: report types as data, their columns and types, days as intervals. No I/O."""

from stripe_reports.catalog.amounts import EXACT, amount_text, currency_digits
from stripe_reports.catalog.availability import (
    USUAL_DELAY,
    data_ready_by,
    documented_delay,
    newest_complete_day,
)
from stripe_reports.catalog.columns import (
    ColumnType,
    PersonalData,
    column_description,
    column_type,
    line_columns,
    personal_data,
)
from stripe_reports.catalog.days import (
    Interval,
    day_interval,
    days_between,
    is_utc,
    parse_day,
    stretch_texts,
    stretches,
    time_zone,
)
from stripe_reports.catalog.money import (
    SCALE,
    as_decimal,
    as_text,
    is_currency_code,
    minor_units,
    units,
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
    "SCALE",
    "USUAL_DELAY",
    "ColumnType",
    "Interval",
    "IntervalKind",
    "PersonalData",
    "ReportType",
    "amount_text",
    "as_decimal",
    "as_text",
    "column_description",
    "column_type",
    "currency_digits",
    "data_ready_by",
    "day_interval",
    "days_between",
    "dimensions",
    "documented_delay",
    "id_candidates",
    "is_currency_code",
    "is_utc",
    "line_columns",
    "matches_pattern",
    "minor_units",
    "newest_complete_day",
    "parse_day",
    "personal_data",
    "select_report_types",
    "stretch_texts",
    "stretches",
    "time_zone",
    "units",
    "unlisted_report_type",
]
