"""Tables in the metadata that the UI shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg


def table_of(rows: Sequence[Mapping[str, str | int]]) -> dg.MetadataValue[Any]:
    """Return a table for the UI, also of no rows. Amounts in it are texts, as a number would be a float."""
    records = [dg.TableRecord(dict(row)) for row in rows]
    return dg.MetadataValue.table(records, None if records else dg.TableSchema(columns=[]))
