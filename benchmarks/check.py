"""Whether a landed table says what its CSV says, by two engines that know nothing of how it was landed.

DuckDB reads both files, and so does polars; each sums up every column of both, and what they find must agree:
`python -m benchmarks.check IN.csv OUT.parquet`. Both tell an empty text (`""`) from null (nothing) when they
read a CSV: DuckDB because it is told so (`allow_quoted_nulls`), polars of itself.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import duckdb
import polars as pl

from stripe_reports.catalog import ColumnType, column_type

Facts = Mapping[str, Any]
"""Of one file: from `rows` and `<fact> of <column>` to what was found."""

_DUCKDB_TYPES = {
    ColumnType.STRING: "VARCHAR",
    ColumnType.DECIMAL: "DECIMAL(38, 18)",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.TIMESTAMP_UTC: "TIMESTAMPTZ",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact about a column (`rows`: about none) that another file, or another engine, tells otherwise."""

    fact: str
    column: str
    found: str
    """Both ways, such as `3 in CSV by DuckDB, 4 in Parquet by DuckDB`."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`values` are those of the CSV, rows times columns; `facts` about them were compared by each engine."""

    values: int
    facts: int
    differences: Sequence[Difference]


def compare(source: Path, parquet: Path) -> Comparison:
    """Compare a landed file with its CSV.

    The facts: number of rows; of each column its type, nulls and the sum of its values' hashes; of amounts
    the exact sum; of texts the empty ones, characters and newlines; of dates and timestamps the first and
    the last. Raises what an engine raises if it cannot read a file.
    """
    with source.open(encoding="utf-8", newline="") as file:
        columns = {name: column_type(name) for name in next(csv.reader(file))}
    duckdb_told, duckdb_landed = _by_duckdb(source, parquet, columns)
    polars_told, polars_landed = _by_polars(source, parquet, columns)
    differences = [
        *_differences({"CSV by DuckDB": duckdb_told, "Parquet by DuckDB": duckdb_landed}),
        *_differences({"CSV by polars": polars_told, "Parquet by polars": polars_landed}),
        *_differences({"CSV by DuckDB": _common(duckdb_told), "CSV by polars": _common(polars_told)}),
    ]
    return Comparison(duckdb_told["rows"] * len(columns), len(duckdb_told), differences)


def _differences(facts: Mapping[str, Facts]) -> Iterator[Difference]:
    (one, ones), (other, others) = facts.items()
    for fact in {**ones, **others}:
        left, right = ones.get(fact, "absent"), others.get(fact, "absent")
        if left != right:
            name, _, column = fact.partition(" of ")
            yield Difference(name, column, f"{left} in {one}, {right} in {other}")


def _common(facts: Facts) -> Facts:
    """Those that do not depend on the engine."""
    return {fact: found for fact, found in facts.items() if not fact.startswith(("hashes", "type"))}


def _by_duckdb(source: Path, parquet: Path, columns: Mapping[str, ColumnType]) -> tuple[Facts, Facts]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        texts = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in columns)
        typed = ", ".join(
            f"CAST({_name(name)} AS {_DUCKDB_TYPES[type_]}) AS {_name(name)}"
            for name, type_ in columns.items()
        )
        told = (
            f"(SELECT {typed} FROM read_csv({_text(source)}, columns = {{{texts}}}, auto_detect = false,"
            " header = true, delim = ',', quote = '\"', escape = '\"', allow_quoted_nulls = false))"
        )
        landed = f"read_parquet({_text(parquet)}, hive_partitioning = false)"
        return _duckdb_facts(connection, told), _duckdb_facts(connection, landed)


def _duckdb_facts(connection: duckdb.DuckDBPyConnection, relation: str) -> Facts:
    types = {row[0]: str(row[1]) for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()}
    asked = {"rows": "count(*)"}
    for column, type_ in types.items():
        name = _name(column)
        asked[f"nulls of {column}"] = f"count(*) - count({name})"
        asked[f"hashes of {column}"] = f"sum(hash({name})::HUGEINT)"
        if type_.startswith("DECIMAL"):
            asked[f"sum of {column}"] = f"coalesce(sum({name}), 0)"
        elif type_ == "VARCHAR":
            asked[f"empty texts of {column}"] = f"count(*) FILTER ({name} = '')"
            asked[f"characters of {column}"] = f"coalesce(sum(length({name})), 0)"
            asked[f"newlines of {column}"] = (
                f"coalesce(sum(length({name}) - length(replace({name}, chr(10), ''))), 0)"
            )
        elif type_.startswith(("DATE", "TIMESTAMP")):
            asked |= {f"first of {column}": f"min({name})", f"last of {column}": f"max({name})"}
    answer = connection.execute(f"SELECT {', '.join(asked.values())} FROM {relation}").fetchone()
    return dict(zip(asked, answer or (), strict=True)) | {f"type of {c}": type_ for c, type_ in types.items()}


def _by_polars(source: Path, parquet: Path, columns: Mapping[str, ColumnType]) -> tuple[Facts, Facts]:
    told = pl.scan_csv(source, infer_schema=False).select(_typed(*column) for column in columns.items())
    return _polars_facts(told), _polars_facts(pl.scan_parquet(parquet, hive_partitioning=False))


def _typed(name: str, type_: ColumnType) -> pl.Expr:
    text = pl.col(name)
    match type_:
        case ColumnType.DECIMAL:
            return text.cast(pl.Decimal(38, 18))
        case ColumnType.INTEGER:
            return text.cast(pl.Int64)
        case ColumnType.BOOLEAN:
            return text.replace_strict({"true": True, "false": False}, return_dtype=pl.Boolean)
        case ColumnType.DATE:
            return text.str.head(10).str.to_date()
        case ColumnType.TIMESTAMP:
            return text.str.to_datetime(time_unit="us")
        case ColumnType.TIMESTAMP_UTC:
            return text.str.to_datetime(time_unit="us").dt.replace_time_zone("UTC")
        case ColumnType.STRING:
            return text


def _polars_facts(frame: pl.LazyFrame) -> Facts:
    types = frame.collect_schema()
    asked = {"rows": pl.len()}
    for column, type_ in types.items():
        values = pl.col(column)
        asked[f"nulls of {column}"] = values.null_count()
        asked[f"hashes of {column}"] = values.hash().sum()
        if type_ == pl.Decimal:
            asked[f"sum of {column}"] = values.sum()
        elif type_ == pl.String:
            asked[f"empty texts of {column}"] = (values == "").sum()
            asked[f"characters of {column}"] = values.str.len_chars().sum()
            asked[f"newlines of {column}"] = values.str.count_matches("\n", literal=True).sum()
        elif type_ in (pl.Date, pl.Datetime):
            asked |= {f"first of {column}": values.min(), f"last of {column}": values.max()}
    answer = frame.select(expression.alias(fact) for fact, expression in asked.items())
    found: Facts = answer.collect(engine="streaming").row(0, named=True)
    return {**found, **{f"type of {column}": str(type_) for column, type_ in types.items()}}


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


_HELP = """Compare landed Parquet files with their CSVs; print as JSON what agreed and what did not.

DuckDB and polars each read both files and sum up every column. Ends with 1 if anything differs.

\b
Examples:
  python -m benchmarks.check day.csv day.parquet
  python -m benchmarks.check 1.csv 1.parquet 2.csv 2.parquet
"""


@click.command(help=_HELP)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="CSV PARQUET …",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def main(files: tuple[Path, ...]) -> None:
    """Compare landed Parquet files with their CSVs."""
    if len(files) % 2:
        raise click.UsageError("name a Parquet file behind each CSV")
    compared = [compare(*pair) for pair in _pairs(files)]
    differences = [asdict(difference) for each in compared for difference in each.differences]
    values, facts = sum(each.values for each in compared), sum(each.facts for each in compared)
    click.echo(json.dumps({"values": values, "facts": facts, "differences": differences}))
    sys.exit(bool(differences))


def _pairs(files: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    yield from zip(files[::2], files[1::2], strict=True)


if __name__ == "__main__":
    main()
