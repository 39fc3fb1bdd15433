"""A report type: what Stripe calls it, what it takes, which columns it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from stripe_reports.catalog._data import catalog_data
from stripe_reports.catalog._nearest import nearest
from stripe_reports.errors import UnknownReportTypeError

IntervalKind = Literal["range", "as_of_end", "payout"]
"""`range`: a start and an end. `as_of_end`: a snapshot as of an instant. `payout`: one payout's id."""

_METADATA_TEMPLATE = "[key]"

# Reports whose rows Stripe changes after the day, or to which it adds some, by what their ids begin with
# (https://docs.stripe.com/reports/report-types). A payout fails, or its day moves; what is paid out, and what
# is still in the balance, move with it. Fees are billed later, tax is corrected, and revenue recognition
# restates periods that are open. An amount in the activity of the balance never changes, a correction is a
# transaction of its own; but its payout, why it was disputed, and its customer are filled in later. So the
# itemized activity is one of these, and its summary is not.
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
    """One entry of Stripe's list of report types (https://docs.stripe.com/reports/report-types)."""

    id: str
    """Stripe's id with its version, such as `payouts.itemized.3`."""
    name: str
    family: str
    granularity: str
    version: int | None
    latest_known: bool
    interval: IntervalKind
    day_column: str | None
    """The column that says which day a row belongs to; None where no column does."""
    required_parameters: tuple[str, ...]
    optional_parameters: tuple[str, ...]
    unconfirmed_parameters: tuple[str, ...]
    """Parameters that were seen in use but are not documented for this report type."""
    live_mode_only: bool
    columns_complete: bool
    """Whether `columns` are all that Stripe documents; if not, an account may see more."""
    default_columns: tuple[str, ...] | None
    """What Stripe sends when `columns` is not in the request; None where that is not known."""
    columns: tuple[str, ...]
    metadata_columns: tuple[str, ...]
    """Prefixes of metadata columns, such as `payment_metadata` for `payment_metadata[order_id]`."""
    never_null: tuple[str, ...]
    source: tuple[str, ...]
    """Pages of Stripe's documentation that describe it."""
    listed: bool = True
    """Whether the catalog knows it. One that it does not know is taken as an account offers it."""

    @property
    def table(self) -> str:
        """Name of the table, its folder and its asset: the id with underscores."""
        return self.id.replace(".", "_")

    @property
    def group(self) -> str:
        """The family as a Dagster group name."""
        return self.family.replace("-", "_")

    @property
    def constant_columns(self) -> tuple[str, ...]:
        """Columns that say which payout a report run is about; its CSV may lack them."""
        if self.interval != "payout":
            return ()
        columns = {"payout": "payout_id", "connected_account": "connected_account"}
        return tuple(column for name, column in columns.items() if name in self.required_parameters)

    @property
    def rows_change(self) -> bool:
        """Whether Stripe changes rows of a day that it has reported on; so do those of connected accounts."""
        return self.id.removeprefix("connected_account_").startswith(_CHANGING)

    @property
    def takes_columns(self) -> bool:
        """Whether Stripe documents the run parameter `columns` for it."""
        return "columns" in self.optional_parameters

    @property
    def parameters(self) -> tuple[str, ...]:
        """All run parameters that it is known to take."""
        return (*self.required_parameters, *self.optional_parameters, *self.unconfirmed_parameters)


class _ReportTypes(dict[str, ReportType]):
    """All report types by id; an unknown id is answered with the nearest ones."""

    def __missing__(self, id_: str) -> ReportType:
        raise UnknownReportTypeError(f"unknown report type {id_!r}{nearest(id_, self)}")


def _parse(id_: str, raw: Mapping[str, Any]) -> ReportType:
    facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
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
    """A report type that Stripe may offer and the catalog does not know, such as a later version.

    Another version of a report that is known is taken to be like its newest known one, with columns of which
    some may be new or gone. Of any other, nothing is known: it is asked for by range.
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
    (id_, _parse(id_, raw)) for id_, raw in catalog_data()["report_types"].items()
)
