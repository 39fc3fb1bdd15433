"""A report type: its id and name at Stripe, its parameters and its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from stripe_reports.catalog._data import report_types_data
from stripe_reports.errors import UnknownReportTypeError
from stripe_reports.wording import nearest

IntervalKind = Literal["range", "as_of_end", "payout"]
"""What a report run covers: `range` from a start to an end, `as_of_end` a snapshot at the end, `payout` one
payout by its id."""

_METADATA_TEMPLATE = "[key]"
_VERSION = re.compile(r"\.[0-9]+$")

# The beginnings of the ids of reports whose rows Stripe changes or adds to after the day
# (https://docs.stripe.com/reports/report-types). A payout fails or its day moves, and with it the payout
# reconciliation and the ending balance. Fees are billed later, tax is corrected, and revenue recognition
# restates open periods. An amount in the balance change from activity never changes, because a correction is
# a new transaction; but its payout, dispute reason and customer are filled in later. So the itemized activity
# is in this list, and its summary is not.
_CHANGING = (
    "payouts.",
    "payout_reconciliation.",
    "failed_payouts.",
    "ending_balance_reconciliation.",
    "balance_change_from_activity.itemized.",
    "activity.itemized.",
    "connect.negative_balance_refunds_disputes_overview.",
    "tax.",
    "all_fees.",
    "card_payments_fees.",
    "connect_card_payments_fees.",
    "revenue_recognition.",
)


@dataclass(frozen=True, slots=True)
class ReportType:
    """An entry of Stripe's list of report types (https://docs.stripe.com/reports/report-types)."""

    id: str
    """Stripe's id with its version, such as `payouts.itemized.3`."""
    name: str
    purpose: str
    """What the report is for, in one sentence; empty if the catalog does not know it."""
    row: str
    """What one row of the report is, in one sentence; empty if the catalog does not know it."""
    family: str
    granularity: str
    version: int | None
    latest_known: bool
    interval: IntervalKind
    day_column: str | None
    """The column that says which day a row belongs to; None if no column does."""
    required_parameters: tuple[str, ...]
    optional_parameters: tuple[str, ...]
    unconfirmed_parameters: tuple[str, ...]
    """Parameters that are in use but not documented for this report type."""
    live_mode_only: bool
    columns_complete: bool
    """Whether `columns` is complete; if not, an account may see more columns."""
    default_columns: tuple[str, ...] | None
    """The columns that Stripe sends if the request has no `columns`; None if they are not known."""
    columns: tuple[str, ...]
    metadata_columns: tuple[str, ...]
    """Prefixes of metadata columns, such as `payment_metadata` for `payment_metadata[order_id]`."""
    never_null: tuple[str, ...]
    source: tuple[str, ...]
    """The pages of Stripe's documentation that describe the report type."""
    listed: bool = True
    """Whether the catalog knows the report type. If not, it is used as the account offers it."""

    @property
    def table(self) -> str:
        """The name of the table, its folder and its asset: the id with underscores."""
        return self.id.replace(".", "_")

    @property
    def group(self) -> str:
        """The family as a Dagster group name."""
        return self.family.replace("-", "_")

    @property
    def constant_columns(self) -> tuple[str, ...]:
        """The columns that name the payout of a report run; its CSV may lack them."""
        if self.interval != "payout":
            return ()
        columns = {"payout": "payout_id", "connected_account": "connected_account"}
        return tuple(column for name, column in columns.items() if name in self.required_parameters)

    @property
    def rows_change(self) -> bool:
        """Whether Stripe changes rows of a day after it has reported them, connected accounts included."""
        return self.id.removeprefix("connected_account_").startswith(_CHANGING)

    @property
    def takes_columns(self) -> bool:
        """Whether Stripe documents the run parameter `columns` for the report type."""
        return "columns" in self.optional_parameters

    @property
    def parameters(self) -> tuple[str, ...]:
        """All run parameters that the report type is known to take."""
        return (*self.required_parameters, *self.optional_parameters, *self.unconfirmed_parameters)


class _ReportTypes(dict[str, ReportType]):
    """All report types by id. An unknown id raises an error that names the nearest ones."""

    def __missing__(self, id_: str) -> ReportType:
        raise UnknownReportTypeError(f"unknown report type {id_!r}{nearest(id_, self)}")


def _parse(id_: str, raw: Mapping[str, Any]) -> ReportType:
    facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    facts |= report_types_data()["reports"][_VERSION.sub("", id_)]
    columns: tuple[str, ...] = facts.pop("columns")
    return ReportType(
        id=id_,
        live_mode_only=bool(facts.pop("live_mode_only")),
        columns=tuple(c for c in columns if not c.endswith(_METADATA_TEMPLATE)),
        metadata_columns=tuple(
            c.removesuffix(_METADATA_TEMPLATE) for c in columns if c.endswith(_METADATA_TEMPLATE)
        ),
        **facts,
    )


def unlisted_report_type(id_: str) -> ReportType:
    """Return a report type that Stripe may offer and the catalog does not know, such as a later version.

    Another version of a known report is treated like the newest known version, except that columns may be new
    or gone. Any other report is requested by range, as nothing is known of it.
    """
    base, _, version = id_.rpartition(".")
    versions = [each for each in REPORT_TYPES.values() if each.id.rpartition(".")[0] == base]
    if versions:
        newest = max(versions, key=lambda each: each.version or 0)
        return replace(
            newest,
            id=id_,
            version=int(version),
            latest_known=False,
            columns_complete=False,
            default_columns=None,
            listed=False,
        )
    return ReportType(
        id=id_,
        name=id_,
        purpose="",
        row="",
        family="other",
        granularity="other",
        version=int(version),
        latest_known=False,
        interval="range",
        day_column=None,
        required_parameters=("interval_start", "interval_end"),
        optional_parameters=(),
        unconfirmed_parameters=(),
        live_mode_only=False,
        columns_complete=False,
        default_columns=None,
        columns=(),
        metadata_columns=(),
        never_null=(),
        source=(),
        listed=False,
    )


REPORT_TYPES: Mapping[str, ReportType] = _ReportTypes(
    (id_, _parse(id_, raw)) for id_, raw in report_types_data()["report_types"].items()
)
