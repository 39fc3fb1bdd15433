"""The asset spec of a report type: its key, group, columns and description."""

from functools import cache

import dagster as dg

from stripe_reports.catalog import ColumnType, ReportType, column_description, column_type, personal_data
from stripe_reports.orchestration.names import AccountNames

REPORT_TYPE = "stripe_reports/report_type"
"""Key of the metadata, and of the tag, that hold Stripe's id."""

_LONGEST_TAG = 63
_SHOWN_TYPE = {
    ColumnType.DECIMAL: "decimal(38, 18)",
    ColumnType.INTEGER: "int64",
    ColumnType.TIMESTAMP: "timestamp",
    ColumnType.TIMESTAMP_UTC: "timestamp, UTC",
}
_ABOUT = {
    "range": "Rows of one day: from its first instant to that of the next day.",
    "as_of_end": "A snapshot as of the end of the day.",
    "payout": "Rows of all payouts that were effective on one day, from a report run for each.",
}


def stripe_report_spec(report_type: ReportType, *, account: str | None = None) -> dg.AssetSpec:
    """Return the asset spec of a report type, with key `["stripe_reports", "balance_summary_1"]`.

    Stripe's id is its metadata `stripe_reports/report_type`, and a tag where Dagster allows so long a tag. A
    named `account` is the key's second part and the beginning of the group's name.
    """
    names = AccountNames(account)
    return dg.AssetSpec(
        key=[*names.key_prefix, report_type.table],
        description=_description(report_type),
        group_name=names.group(report_type.group),
        kinds={"stripe", "parquet"},
        tags={REPORT_TYPE: report_type.id} if len(report_type.id) <= _LONGEST_TAG else {},
        metadata={
            "dagster/column_schema": _column_schema(report_type),
            "dagster/table_name": report_type.table,
            REPORT_TYPE: report_type.id,
            "interval": report_type.interval,
        },
    )


@cache
def _column_schema(report_type: ReportType) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                type=_SHOWN_TYPE.get(kind := column_type(name), kind.value),
                description=column_description(name, report_type.id),
                constraints=dg.TableColumnConstraints(
                    nullable=name not in report_type.never_null,
                    other=[f"personal data: {personal.value}"] if (personal := personal_data(name)) else [],
                ),
            )
            for name in report_type.columns
        ]
    )


@cache
def _description(report_type: ReportType) -> str:
    lines = [f"{report_type.purpose} {report_type.row}"] if report_type.purpose else []
    lines.append(f"{report_type.name} (`{report_type.id}`). {_ABOUT[report_type.interval]}")
    if report_type.day_column:
        lines.append(f"A row belongs to the day of its `{report_type.day_column}`.")
    lines += [f"[Stripe's documentation]({page})" for page in report_type.source]
    return "\n\n".join(lines)
