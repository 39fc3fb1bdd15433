"""Personal data lands as it is, as keyed hashes, or not at all, and the footer says which."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import date
from pathlib import Path

import pytest

from stripe_reports.errors import ConfigurationError, CsvError, CsvNotKeptError, VerificationError
from stripe_reports.lake import Csv, DayColumn, ExpectedColumns, Lake, LandedTable, Pii
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, stripe_csv
from stripe_reports_tests.lake.tampering import rewrite, verify, with_value

_KEY = "a key of forty characters, that is for t"
_OTHER_KEY = "another key of forty characters, for te"
_HEADER = ["customer_email", "gross", "description", "payment_metadata[Owner]", "created_utc"]
_ANN = "ann@shop.example"
_ROWS = [
    (_ANN, "1.5", "for Ann\n", _ANN, "2025-09-01 01:00:00"),
    (None, "2", "", None, "2025-09-01 02:00:00"),
    ("ben@shop.example", "3", _ANN, "Zoë", "2025-09-01 03:00:00"),
]
_CSV = stripe_csv(_HEADER, _ROWS)
_PERSONAL = ["customer_email", "description", "payment_metadata[Owner]"]


def _lake(root: Path, *, keep_csv: bool | None = None, key: str = _KEY) -> Lake:
    return Lake.open(str(root), keep_csv=keep_csv, pii_key=key)


def _land(lake: Lake, pii: Pii, csv: bytes = _CSV, day: date = DAY) -> LandedTable:
    return lake.land(ITEMIZED, day, [Csv([csv])], expected=ExpectedColumns(), facts={}, pii=pii)


def _hash(text: str, key: str = _KEY) -> str:
    return f"pii_{hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def test_a_hash_is_the_same_for_the_same_text_in_every_column(tmp_path: Path) -> None:
    lake = _lake(tmp_path)
    landed = _land(lake, "hash")
    table = lake.read_table(TABLE, columns=landed.schema.names)
    assert table.to_pydict() | {"gross": None, "created_utc": None} == {
        "customer_email": [_hash(_ANN), None, _hash("ben@shop.example")],
        "gross": None,
        "description": [_hash("for Ann\n"), "", _hash(_ANN)],
        "payment_metadata_Owner": [_hash(_ANN), None, _hash("Zoë")],
        "created_utc": None,
    }
    assert (landed.pii, landed.pii_columns) == ("hash", tuple(_PERSONAL))
    facts = lake.provenance(TABLE, DAY)
    assert (facts["pii"], facts["csv_kept"]) == ("hash", "false")
    assert re.fullmatch("[0-9a-f]{16}", facts["pii_key_id"])
    assert lake.landed(TABLE, DAY).table == landed  # type: ignore[union-attr]


def test_columns_to_drop_are_not_in_the_table(tmp_path: Path) -> None:
    lake = _lake(tmp_path, key="")
    landed = _land(lake, "drop")
    assert landed.schema.names == ["gross", "created_utc"]
    facts = lake.provenance(TABLE, DAY)
    assert (facts["pii"], facts["pii_columns"]) == (
        "drop",
        '["customer_email", "description", "payment_metadata[Owner]"]',
    )
    assert "pii_key_id" not in facts


def test_what_is_kept_is_as_it_was(tmp_path: Path) -> None:
    lake = _lake(tmp_path, key="")
    landed = _land(lake, "keep")
    assert lake.read_table(TABLE).column("customer_email").to_pylist() == [row[0] for row in _ROWS]
    assert list(lake.kept_csv(landed.csv_sha256)) == [_CSV]
    facts = lake.provenance(TABLE, DAY)
    assert facts["pii"] == "keep"
    assert not {"pii_columns", "pii_key_id"} & facts.keys()


@pytest.mark.parametrize(("pii", "keep_csv", "kept"), [
    ("hash", None, False), ("drop", None, False), ("hash", True, True), ("drop", True, True),
    ("drop", False, False),
])  # fmt: skip
def test_a_csv_is_kept_only_if_that_is_set(
    tmp_path: Path, pii: Pii, keep_csv: bool | None, kept: bool
) -> None:
    lake = _lake(tmp_path, keep_csv=keep_csv)
    landed = _land(lake, pii)
    assert lake.keeps_csvs(pii) is kept
    assert lake.has_csv(landed.csv_sha256) is kept
    clear = [
        path.name for path in tmp_path.rglob("*") if path.is_file() and b"shop.example" in path.read_bytes()
    ]
    assert not [name for name in clear if name.endswith(".parquet")]


def test_days_of_one_csv_are_hashed_alike(tmp_path: Path) -> None:
    lake, days = _lake(tmp_path, keep_csv=True), [DAY, date(2025, 9, 2)]
    csv = _CSV + stripe_csv((_ANN, "4", None, None, "2025-09-02 00:00:00"), ())
    landed = lake.land_days(
        ITEMIZED, days, Csv([csv]), day_column=DayColumn("created_utc", "UTC"), expected=ExpectedColumns(),
        facts={}, pii="hash",
    )  # fmt: skip
    emails = lake.read_table(TABLE).column("customer_email").to_pylist()
    assert (emails[0], emails[3]) == (_hash(_ANN), _hash(_ANN))
    assert [day.error for day in lake.verify(TABLE)] == [None, None]
    first = {day: table.first_rows for day, table in landed.items()}
    assert [first[day].num_rows for day in days] == [3, 1]
    assert all(first[day].equals(lake.first_rows(TABLE, day)) for day in days)


@pytest.mark.parametrize("policies", [("keep", "drop", "hash"), ("drop", "hash", "keep")])
def test_days_under_several_policies_are_read_as_one_table(tmp_path: Path, policies: tuple[Pii, ...]) -> None:
    lake = _lake(tmp_path)
    for number, pii in enumerate(policies, 1):
        _land(lake, pii, day=date(2025, 9, number))
    expected = {"keep": _ANN, "hash": _hash(_ANN), "drop": None}
    emails = lake.read_table(TABLE).column("customer_email").to_pylist()
    assert emails[::3] == [expected[pii] for pii in policies]


# Messages


@pytest.mark.parametrize("pii", ["hash", "drop"])
@pytest.mark.parametrize("bad", [
    stripe_csv(_HEADER, [("x", _ANN, "x", "x", "2025-09-01")]),
    stripe_csv(_HEADER, [("x", "1", "x", "x", _ANN)]),
    stripe_csv(_HEADER, [(_ANN, "1", "x", "x", "2025-09-01")]).replace(b"ann", b"ann\xff"),
    stripe_csv(_HEADER, [(_ANN, "1", "x")]),
    b'customer_email,gross\n"ann@shop.example"x,1\n',
    stripe_csv([_ANN, _ANN, "x"], [("1", "2", "3")]),
])  # fmt: skip
def test_an_error_quotes_no_text_of_the_csv(tmp_path: Path, pii: Pii, bad: bytes) -> None:
    lake = _lake(tmp_path)
    expected = ExpectedColumns(["customer_email", "gross"])
    with pytest.raises(CsvError) as raised:
        lake.land(ITEMIZED, DAY, [Csv([bad])], expected=expected, facts={}, pii=pii)
    error: BaseException | None = raised.value
    while error is not None:
        assert "shop.example" not in str(error)
        error = None if error.__suppress_context__ else error.__cause__ or error.__context__


def test_an_error_says_how_long_the_text_is_that_it_does_not_quote(tmp_path: Path) -> None:
    csv = stripe_csv(_HEADER, [("x", _ANN, "x", "x", "2025-09-01")])
    with pytest.raises(CsvError, match="line 2, column 'gross': a text of 16 bytes is not a decimal number"):
        _land(_lake(tmp_path), "drop", csv)


@pytest.mark.parametrize(
    ("key", "fault"), [("", "is not set"), ("x" * 31 + " ", "is shorter than 32 characters")]
)
def test_hashes_need_a_long_key_and_the_error_does_not_show_it(tmp_path: Path, key: str, fault: str) -> None:
    lake = _lake(tmp_path, key=key)
    with pytest.raises(
        ConfigurationError, match=f"STRIPE_REPORTS_PII_KEY {fault}; nothing was landed"
    ) as raised:
        _land(lake, "hash")
    assert "xxx" not in str(raised.value)
    assert _KEY not in repr(_lake(tmp_path).pii_rule("hash"))


# Proof


def test_hashes_are_proven_with_the_key_and_only_with_it(tmp_path: Path) -> None:
    lake = _lake(tmp_path, keep_csv=True)
    _land(lake, "hash")
    verified = verify(lake)
    assert (verified.error, verified.values, verified.left_out) == (None, 15, ())
    for other, says in (("", "is not set"), (_OTHER_KEY, "is the key ")):
        error = verify(_lake(tmp_path, key=other)).error
        assert type(error) is ConfigurationError
        assert f"STRIPE_REPORTS_PII_KEY {says}" in str(error)
        assert "nothing is proven" in str(error)


def test_a_hash_of_another_text_is_found_and_not_shown(tmp_path: Path) -> None:
    lake = _lake(tmp_path, keep_csv=True)
    _land(lake, "hash")
    for value in (_hash("ben@shop.example"), _ANN, "", None):
        rewrite(lake, with_value("customer_email", 0, value))
        error = verify(lake).error
        assert type(error) is VerificationError
        assert "line 2, column 'customer_email': the table has not the hash of what the CSV says" in str(
            error
        )
        assert "shop" not in str(error)


def test_columns_that_were_dropped_are_left_out_of_the_proof_and_named(tmp_path: Path) -> None:
    lake = _lake(tmp_path, keep_csv=True)
    _land(lake, "drop")
    verified = verify(lake)
    assert (verified.error, verified.values, verified.left_out) == (None, 6, tuple(_PERSONAL))
    rewrite(lake, lambda table: table, {"pii_columns": None})
    assert "the table has no column for 'customer_email'" in str(verify(lake).error)
    rewrite(lake, lambda table: table, {"pii_columns": '["customer_email"', "pii": "drop"})
    assert "as columns with personal data" in str(verify(lake).error)


def test_without_a_kept_csv_nothing_is_proven(tmp_path: Path) -> None:
    _land(_lake(tmp_path), "hash")
    assert type(verify(_lake(tmp_path, key="")).error) is CsvNotKeptError
