"""The packaged catalog file, read once."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def catalog_data() -> dict[str, Any]:
    """Return `report_types.json`: `columns` (name to type) and `report_types` (id to facts)."""
    text = files("stripe_reports.catalog").joinpath("report_types.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data
