"""What differs in a landed day from what the catalog expects, or from the table that the day replaced."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.lake import LandedFile
from stripe_reports.landing import LandedDay

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

_AMOUNTS_CHANGED = "amounts_changed"
_CHANGES = (
    _AMOUNTS_CHANGED,
    "rows_added",
    "rows_removed",
    "rows_changed",
    "changed_columns",
    "columns_added",
    "columns_removed",
    "compared_by",
)
"""Keys of the metadata of a table that has replaced another one; the first of them is always there."""
_PAGE = 1000
"""Materializations that one query returns."""


@dataclass(frozen=True, slots=True)
class DayWarnings:
    """What a person may want to look at in a landed day, by name; usually nothing."""

    new_columns: Sequence[str] = ()
    dropped_columns: Sequence[str] = ()
    left_out_payouts: Sequence[str] = ()
    changes: Mapping[str, dg.MetadataValue[Any]] | None = None
    """Changes from the table that the day replaced; None if it replaced none, or if they are not known."""

    @property
    def in_columns(self) -> dict[str, dg.MetadataValue[Any]]:
        """The columns that differ from those that were expected."""
        return _lists(new_columns=self.new_columns, dropped_columns=self.dropped_columns)

    @property
    def in_payouts(self) -> dict[str, dg.MetadataValue[Any]]:
        """The payouts that Stripe does not report on."""
        return _lists(left_out_payouts=self.left_out_payouts)

    @property
    def amounts_changed(self) -> bool:
        """Whether amounts differ from those in the table that was replaced."""
        changed = (self.changes or {}).get(_AMOUNTS_CHANGED)
        return changed is not None and bool(changed.value)


def warnings_of_day(landed: LandedDay) -> DayWarnings:
    """Return the warnings of a day as it landed."""
    return DayWarnings(
        landed.table.new_columns,
        landed.dropped_columns,
        landed.left_out_payouts,
        changes_of(landed.difference) if landed.difference else None,
    )


def warnings_of_file(landed: LandedFile, changes: Mapping[str, dg.MetadataValue[Any]]) -> DayWarnings:
    """Return the warnings of a day in the lake, whose file does not say what has changed with it."""
    left_out = landed.provenance.get("left_out_payouts", "")
    return DayWarnings(
        landed.table.new_columns,
        json.loads(landed.provenance.get("dropped_columns", "[]")),
        [payout for payout in left_out.split(",") if payout],
        changes,
    )


def recorded_changes(
    instance: dg.DagsterInstance, key: dg.AssetKey, days: Iterable[date]
) -> dict[date, Mapping[str, dg.MetadataValue[Any]]]:
    """Return, for each day, what its newest materialization that replaced an older table says; days without
    such a materialization are left out."""
    partitions = {day.isoformat(): day for day in days}
    found: dict[date, Mapping[str, dg.MetadataValue[Any]]] = {}
    if not partitions:
        return found
    of_days = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(partitions))
    cursor: str | None = None
    while True:  # newest first
        page = instance.fetch_materializations(of_days, limit=_PAGE, cursor=cursor)
        for record in page.records:
            event = record.asset_materialization
            if event and event.partition in partitions and _AMOUNTS_CHANGED in event.metadata:
                changes = {name: event.metadata[name] for name in _CHANGES if name in event.metadata}
                found.setdefault(partitions[event.partition], changes)
        if not page.has_more or len(found) == len(partitions):
            return found
        cursor = page.cursor


def changes_of(difference: "Difference") -> dict[str, dg.MetadataValue[Any]]:
    """Return what a landing has changed, as metadata."""
    metadata: dict[str, dg.MetadataValue[Any]] = {
        _AMOUNTS_CHANGED: dg.MetadataValue.bool(difference.amounts_changed)
    }
    if difference.unchanged:
        return metadata
    return {
        **metadata,
        "rows_added": dg.MetadataValue.int(difference.rows_added),
        "rows_removed": dg.MetadataValue.int(difference.rows_removed),
        "rows_changed": dg.MetadataValue.int(difference.rows_changed),
        "changed_columns": dg.MetadataValue.json(dict(difference.changed_columns)),
        "compared_by": dg.MetadataValue.text(", ".join(difference.key) or "whole rows"),
        **_lists(columns_added=difference.columns_added, columns_removed=difference.columns_removed),
    }


def _lists(**lists: Sequence[str]) -> dict[str, dg.MetadataValue[Any]]:
    return {name: dg.MetadataValue.json(list(items)) for name, items in lists.items() if items}
