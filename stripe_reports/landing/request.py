"""What a report is asked for beyond its day: columns, filters, and other run parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from stripe_reports.catalog import ReportType
from stripe_reports.errors import ConfigurationError

_METADATA_COLUMN = re.compile(r"(\w+)\[[^\[\]]+\]")
_THE_DAYS = {"interval_start", "interval_end", "payout"}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Settings of one report type (https://docs.stripe.com/reports/api, https://docs.stripe.com/reports/options).

    `columns`: those to ask for, in their order; by default all that the catalog knows and the account
    accepts. `metadata_columns`: such as `payment_metadata[order_id]`, asked for beside them.
    `optional_columns`: those that a result may lack; they are null then. `parameters`: other run parameters,
    such as `currency`, `reporting_category`, `connected_account`, `connected_accounts` or `timezone`.
    """

    columns: Sequence[str] | None = None
    metadata_columns: Sequence[str] = ()
    optional_columns: Sequence[str] = ()
    parameters: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def check(self, report_type: ReportType) -> None:
        """Raise ConfigurationError for what the report type does not take, naming what it does."""
        self._check_parameters(report_type)
        self._check_columns(report_type)

    def _check_parameters(self, report_type: ReportType) -> None:
        for name in self.parameters:
            if name in _THE_DAYS:
                raise _wrong(report_type, f"the parameter {name!r} is the partition's and cannot be set")
            if name == "columns":
                raise _wrong(report_type, "give columns as ReportRequest(columns=...), not as a parameter")
            if name in ("decimal_separator", "decimal_format"):
                raise _wrong(report_type, f"{name!r} cannot be set: amounts are read with a dot")
            if report_type.listed and name not in report_type.parameters:
                takes = sorted({*report_type.parameters} - _THE_DAYS - {"columns", "decimal_separator"})
                raise _wrong(
                    report_type,
                    f"it does not take the parameter {name!r}; it takes {', '.join(takes) or 'none'}",
                )

    def _check_columns(self, report_type: ReportType) -> None:
        asked = [*(self.columns or ()), *self.metadata_columns]
        if asked and report_type.listed and not report_type.takes_columns:
            raise _wrong(report_type, "Stripe decides on its columns; it takes none")
        if twice := {name for name in asked if asked.count(name) > 1}:
            raise _wrong(report_type, f"these columns are named more than once: {', '.join(sorted(twice))}")
        for name in asked:
            match = _METADATA_COLUMN.fullmatch(name)
            if name in self.metadata_columns and not match:
                raise _wrong(report_type, f"{name!r} is no metadata column; write payment_metadata[your_key]")
            if match and report_type.listed and match[1] not in report_type.metadata_columns:
                known = ", ".join(f"{each}[...]" for each in report_type.metadata_columns) or "none"
                raise _wrong(report_type, f"it has no metadata column {name!r}; it has {known}")
            if not match and report_type.columns_complete and name not in report_type.columns:
                known = ", ".join(report_type.columns)
                raise _wrong(report_type, f"it has no column {name!r}; it has {known}")


def _wrong(report_type: ReportType, what: str) -> ConfigurationError:
    return ConfigurationError(what, report_type=report_type.id)
