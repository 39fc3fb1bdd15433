"""The packaged files of the catalog, each read once."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def columns_data() -> dict[str, dict[str, Any]]:
    """Return `columns.json`: for each column name its `type`, and `pii` if it may hold personal data."""
    return _read("columns.json")


@cache
def report_types_data() -> dict[str, dict[str, Any]]:
    """Return `report_types.json`: the facts of each report type, by id."""
    return _read("report_types.json")


def _read(name: str) -> dict[str, dict[str, Any]]:
    text = files("stripe_reports.catalog").joinpath(name).read_text(encoding="utf-8")
    data: dict[str, dict[str, Any]] = json.loads(text)
    return data
