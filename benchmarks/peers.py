"""What other engines do to the same file: the same types, values as exact as they can, zstd level 1.

Each function lands `csv` at `parquet`. `columns` are the CSV's with their types, by their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

_ROW_GROUP_ROWS = 65_536  # as the lake's

_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "decimal": "DECIMAL(38, 18)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamp_utc": "TIMESTAMPTZ",
}


def land_with_duckdb(csv: Path, parquet: Path, columns: Mapping[str, str]) -> None:
    """One COPY statement. `allow_quoted_nulls` is off, so that `""` stays an empty text."""
    import duckdb

    types = ", ".join(f"{_quoted(name)}: '{_DUCKDB_TYPES[type_]}'" for name, type_ in columns.items())
    duckdb.execute("SET TimeZone = 'UTC'")
    duckdb.execute(
        f"COPY (SELECT * FROM read_csv({_quoted(csv)}, columns = {{{types}}}, auto_detect = false,"
        " header = true, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false))"
        f" TO {_quoted(parquet)} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1,"
        f" ROW_GROUP_SIZE {_ROW_GROUP_ROWS})"
    )


def land_with_polars(csv: Path, parquet: Path, columns: Mapping[str, str]) -> None:
    """A lazy scan into a sink, which polars runs as a stream."""
    import polars as pl

    types = {
        "string": pl.String(),
        "decimal": pl.Decimal(38, 18),
        "integer": pl.Int64(),
        "boolean": pl.Boolean(),
        "date": pl.Date(),
        "timestamp": pl.Datetime("us"),
        "timestamp_utc": pl.Datetime("us", "UTC"),
    }
    frame = pl.scan_csv(csv, schema={name: types[type_] for name, type_ in columns.items()})
    frame.sink_parquet(parquet, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP_ROWS)


def land_with_pandas(csv: Path, parquet: Path, columns: Mapping[str, str]) -> None:
    """Amounts are `decimal.Decimal`, pandas' own way to exact ones. pandas takes `""` for missing."""
    _land_with_pandas(csv, parquet, columns, dict.fromkeys(_of(columns, "decimal"), _decimal))


def land_with_pandas_and_arrow(csv: Path, parquet: Path, columns: Mapping[str, str]) -> None:
    """Amounts are read as texts, and Arrow casts them. (`engine="pyarrow"` fails at quoted newlines.)"""
    _land_with_pandas(csv, parquet, columns, {})


def _land_with_pandas(
    csv: Path, parquet: Path, columns: Mapping[str, str], converters: Mapping[str, Callable[[str], object]]
) -> None:
    import pandas as pd
    import pyarrow as pa

    read = {"string": "str", "decimal": "str", "integer": "Int64", "boolean": "boolean"}
    frame = pd.read_csv(
        csv,
        dtype={
            name: read[type_] for name, type_ in columns.items() if type_ in read and name not in converters
        },
        converters=dict(converters),
        parse_dates=[name for name, type_ in columns.items() if type_ not in read],
        keep_default_na=False,  # a customer may be named "None"
        na_values=[""],
    )
    exact = {"decimal": pd.ArrowDtype(pa.decimal128(38, 18)), "date": pd.ArrowDtype(pa.date32())}
    frame = frame.astype({name: exact[type_] for name, type_ in columns.items() if type_ in exact})
    for name in _of(columns, "timestamp_utc"):
        frame[name] = frame[name].dt.tz_localize("UTC")
    frame.to_parquet(parquet, index=False, compression="zstd", compression_level=1)


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def _of(columns: Mapping[str, str], wanted: str) -> list[str]:
    return [name for name, type_ in columns.items() if type_ == wanted]


LAND_WITH: Mapping[str, Callable[[Path, Path, Mapping[str, str]], None]] = {
    "duckdb": land_with_duckdb,
    "polars": land_with_polars,
    "pandas": land_with_pandas,
    "pandas_arrow": land_with_pandas_and_arrow,
}


def _quoted(text: str | Path) -> str:
    """As a text in SQL."""
    return "'" + str(text).replace("'", "''") + "'"
