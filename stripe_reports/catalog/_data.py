"""The packaged files of the catalog, each read once."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def columns_data() -> dict[str, dict[str, Any]]:
    """Return `columns.json`: the facts of each column, by name.

    They are `type`; `pii`, the class of personal data, if it has one; `description`; and `descriptions`, a
    description for each glob over the ids of report types in which the column means something else.
    """
    return _read("columns.json")


@cache
def report_types_data() -> dict[str, dict[str, Any]]:
    """Return `report_types.json`: `reports` (id without version to texts), `report_types` (id to facts)."""
    return _read("report_types.json")


def _read(name: str) -> dict[str, dict[str, Any]]:
    text = files("stripe_reports.catalog").joinpath(name).read_text(encoding="utf-8")
    data: dict[str, dict[str, Any]] = json.loads(text)
    return data
