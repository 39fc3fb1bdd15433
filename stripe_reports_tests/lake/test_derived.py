"""Tables that are computed from others, and documents: beside the landed tables, whole or not at all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from stripe_reports.errors import LakeError
from stripe_reports.lake import Lake

_DAY = date(2025, 9, 1)
_ROWS = pa.table({"currency": ["usd", None, ""], "net": [Decimal("0.10"), None, Decimal("-3")]})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path / "lake"))


def test_a_derived_table_is_read_like_any_other(lake: Lake) -> None:
    uri = lake.derived.put("daily", _DAY, _ROWS, made_from="x", facts={"zone": "UTC"})
    assert uri == lake.uri("daily", _DAY)
    assert lake.tables() == ["daily"]
    found = lake.read_table("daily", [_DAY])
    assert found.drop_columns("date").to_pylist() == _ROWS.to_pylist()
    said = lake.provenance("daily", _DAY)
    assert (said["made_from"], said["zone"], said["day"], said["rows"]) == ("x", "UTC", str(_DAY), "3")


def test_the_same_rows_and_facts_are_the_same_bytes(lake: Lake) -> None:
    first = Path(lake.derived.put("daily", _DAY, _ROWS, made_from="x")).read_bytes()
    lake.derived.put("daily", _DAY, _ROWS.slice(0, 1), made_from="y")
    assert lake.read_table("daily", [_DAY]).num_rows == 1
    assert Path(lake.derived.put("daily", _DAY, _ROWS, made_from="x")).read_bytes() == first


def test_a_document_is_replaced_as_a_whole_and_is_no_table(lake: Lake) -> None:
    assert lake.documents.read("closed/2025-09", "close.json") is None
    lake.documents.put("closed/2025-09", "close.json", b"{}")
    uri = lake.documents.put("closed/2025-09", "close.json", b"[]")
    assert uri == f"{lake.root}/_closed/2025-09/close.json"
    assert lake.documents.read("closed/2025-09", "close.json") == b"[]"
    assert lake.tables() == []


@pytest.mark.parametrize("name", ["../x", "a//b", ".hidden", "", "a b", "x" * 256])
def test_a_document_stays_in_its_folder(lake: Lake, name: str) -> None:
    with pytest.raises(LakeError, match="is not a document name"):
        lake.documents.put("closed", name, b"")
