"""The statements of each engine, which make the lake's tables readable there."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stripe_reports.catalog import ColumnType
from stripe_reports.cli.ddl.engine import (
    Engine,
    Target,
    back_quoted,
    definitions,
    double_quoted,
    key_of,
    text,
)
from stripe_reports.cli.ddl.table_columns import TableShape

_HIVE = {
    ColumnType.STRING: "STRING",
    ColumnType.DECIMAL: "DECIMAL(38,18)",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
    ColumnType.TIMESTAMP_UTC: "TIMESTAMP",
}
_SPARK = _HIVE | {ColumnType.TIMESTAMP: "TIMESTAMP_NTZ"}
_TRINO = _HIVE | {
    ColumnType.STRING: "VARCHAR",
    ColumnType.TIMESTAMP: "TIMESTAMP(3)",
    ColumnType.TIMESTAMP_UTC: "TIMESTAMP(3)",
}
_DUCKDB = _HIVE | {ColumnType.STRING: "VARCHAR", ColumnType.TIMESTAMP_UTC: "TIMESTAMP WITH TIME ZONE"}
_BIGQUERY = {
    ColumnType.STRING: "STRING",
    ColumnType.DECIMAL: "BIGNUMERIC(38,18)",
    ColumnType.INTEGER: "INT64",
    ColumnType.BOOLEAN: "BOOL",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "DATETIME",
    ColumnType.TIMESTAMP_UTC: "TIMESTAMP",
}
_SNOWFLAKE = _HIVE | {
    ColumnType.STRING: "VARCHAR",
    ColumnType.DECIMAL: "NUMBER(38,18)",
    ColumnType.TIMESTAMP: "TIMESTAMP_NTZ",
    ColumnType.TIMESTAMP_UTC: "TIMESTAMP_TZ",
}
_DAY_IN_PATH = "date=([0-9]{4}-[0-9]{2}-[0-9]{2})/"
_PLAIN = re.compile("[a-z_][a-z0-9_]*")
_DEFAULT_FIRST_DAY = "2023-01-01"


def _first_day(table: TableShape, target: Target) -> str:
    return target.first_day or str(table.first_day or _DEFAULT_FIRST_DAY)


def _athena(table: TableShape, target: Target) -> str:
    key, folder = key_of(table), target.folder(table)
    projection = {
        "projection.enabled": "true",
        f"projection.{key}.type": "date",
        f"projection.{key}.format": "yyyy-MM-dd",
        f"projection.{key}.range": f"{_first_day(table, target)},NOW",
        f"projection.{key}.interval": "1",
        f"projection.{key}.interval.unit": "DAYS",
        "storage.location.template": f"{folder}/date=${{{key}}}/",
    }
    properties = ",\n".join(f"  '{name}' = '{value}'" for name, value in projection.items())
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {target.schema}{back_quoted(table.name)} (\n"
        f"{definitions(table, _HIVE, back_quoted)}\n)\n"
        f"PARTITIONED BY ({back_quoted(key)} DATE)\n"
        f"STORED AS PARQUET\nLOCATION '{folder}/'\nTBLPROPERTIES (\n{properties}\n);\n"
    )


def _trino(table: TableShape, target: Target) -> str:
    key, folder = key_of(table), target.folder(table)
    day = f"  {double_quoted(key)} DATE WITH (\n    partition_projection_type = 'date',\n"
    day += "    partition_projection_format = 'yyyy-MM-dd',\n"
    day += f"    partition_projection_range = ARRAY['{_first_day(table, target)}', 'NOW']\n  )"
    return (
        f"CREATE TABLE IF NOT EXISTS {target.schema}{double_quoted(table.name)} (\n"
        f"{definitions(table, _TRINO, double_quoted)},\n{day}\n)\nWITH (\n"
        f"  format = 'PARQUET',\n  external_location = '{folder}/',\n"
        f"  partitioned_by = ARRAY['{key}'],\n  partition_projection_enabled = true,\n"
        f"  partition_projection_location_template = '{folder}/date=${{{key}}}/'\n);\n"
    )


def _spark(table: TableShape, target: Target) -> str:
    name, folder = f"{target.schema}{back_quoted(table.name)}", target.folder(table)
    columns = definitions(table, _SPARK, back_quoted)
    if not table.clashes:
        return (
            f"CREATE TABLE IF NOT EXISTS {name} (\n{columns},\n  `date` DATE\n)\nUSING PARQUET\n"
            f"PARTITIONED BY (`date`)\nLOCATION '{folder}';\nMSCK REPAIR TABLE {name};\n"
        )
    files = f"{target.schema}{back_quoted(table.name + '_files')}"
    return (
        f"CREATE TABLE IF NOT EXISTS {files} (\n{columns}\n)\nUSING PARQUET\n"
        f"OPTIONS ('recursiveFileLookup' = 'true')\nLOCATION '{folder}';\n"
        f"CREATE OR REPLACE VIEW {name} AS SELECT *,\n"
        f"  to_date(regexp_extract(_metadata.file_path, '{_DAY_IN_PATH}', 1)) AS `{key_of(table)}`\n"
        f"FROM {files};\n"
    )


def _duckdb(table: TableShape, target: Target) -> str:
    columns = ",\n".join(
        f"  {double_quoted(name)}::{_DUCKDB[type_]} AS {double_quoted(name)}" for name, type_ in table.columns
    )
    files = f"'{target.folder(table)}/date=*/part-0.parquet', union_by_name = true"
    if table.clashes:
        day = f"  regexp_extract(filename, '{_DAY_IN_PATH}', 1)::DATE AS {key_of(table)}"
        files += ", hive_partitioning = false, filename = true"
    else:
        day = f"  {double_quoted(key_of(table))}"
        files += ", hive_partitioning = true, hive_types = {'date': DATE}"
    return (
        f"CREATE OR REPLACE VIEW {target.schema}{double_quoted(table.name)} AS SELECT\n{columns},\n{day}\n"
        f"FROM read_parquet({files});\n"
    )


def _bigquery(table: TableShape, target: Target) -> str:
    folder = target.folder(table)
    connection = f"WITH CONNECTION {back_quoted(target.connection)}\n" if target.connection else ""
    columns = definitions(table, _BIGQUERY, back_quoted)
    options = f"  format = 'PARQUET',\n  uris = ['{folder}/*']"
    name = f"{target.schema}{back_quoted(table.name)}"
    if not table.clashes:
        return (
            f"CREATE OR REPLACE EXTERNAL TABLE {name} (\n{columns}\n)\n"
            f"WITH PARTITION COLUMNS (`date` DATE)\n{connection}"
            f"OPTIONS (\n{options},\n  hive_partition_uri_prefix = '{folder}'\n);\n"
        )
    files = f"{target.schema}{back_quoted(table.name + '_files')}"
    return (
        f"CREATE OR REPLACE EXTERNAL TABLE {files} (\n{columns}\n)\n{connection}OPTIONS (\n{options}\n);\n"
        f"CREATE OR REPLACE VIEW {name} AS SELECT *,\n"
        f"  PARSE_DATE('%Y-%m-%d', REGEXP_EXTRACT(_FILE_NAME, r'{_DAY_IN_PATH}')) AS {key_of(table)}\n"
        f"FROM {files};\n"
    )


def _snowflake(table: TableShape, target: Target) -> str:
    columns = ",\n".join(
        f"  {_snowflake_name(name)} {_SNOWFLAKE[type_]} AS (VALUE:{double_quoted(name)}::{_SNOWFLAKE[type_]})"
        for name, type_ in table.columns
    )
    day = "TO_DATE(SPLIT_PART(SPLIT_PART(METADATA$FILENAME, '/date=', 2), '/', 1), 'YYYY-MM-DD')"
    key = _snowflake_name(key_of(table))
    return (
        f"CREATE OR REPLACE EXTERNAL TABLE {target.schema}{_snowflake_name(table.name)} (\n{columns},\n"
        f"  {key} DATE AS ({day})\n)\nPARTITION BY ({key})\n"
        f"LOCATION = @{target.stage}/{text(table.name)}/\nAUTO_REFRESH = FALSE\n"
        "PATTERN = '.*/part-0[.]parquet'\n"
        "FILE_FORMAT = (TYPE = PARQUET, USE_LOGICAL_TYPE = TRUE);\n"
    )


def _snowflake_name(name: str) -> str:
    """Return a name that Snowflake finds however it is written, if it has no character that needs quotes."""
    return name.upper() if _PLAIN.fullmatch(name) else double_quoted(name)


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            "athena",
            ("s3://",),
            "Partitions are projected: a new day is there at once, and a day before the first one of the"
            "\nrange is not: change the range if you backfill earlier days. Every TIMESTAMP named ..._utc is"
            "\nin UTC; the others are local times.",
            _athena,
        ),
        Engine(
            "bigquery",
            ("gs://", "s3://"),
            "BigQuery reads Cloud Storage, and S3 by BigQuery Omni, which needs --connection. BIGNUMERIC"
            "\nholds every amount; DATETIME is a local time, TIMESTAMP is UTC.",
            _bigquery,
        ),
        Engine(
            "duckdb",
            (),
            "On S3, load httpfs first and make a secret: INSTALL httpfs; LOAD httpfs;"
            "\nCREATE SECRET (TYPE s3, PROVIDER credential_chain);",
            _duckdb,
        ),
        Engine(
            "snowflake",
            ("s3://", "gs://", "azure://"),
            "The stage's URL is the lake's root. After days have landed: ALTER EXTERNAL TABLE ... REFRESH."
            "\nNames are unquoted, so Snowflake folds their case.",
            _snowflake,
        ),
        Engine(
            "spark",
            (),
            "Spark 3.4 or later; on S3, its connector may need --location s3a://... After days have landed:"
            "\nMSCK REPAIR TABLE. TIMESTAMP_NTZ is a local time, TIMESTAMP is an instant, which Spark shows"
            "\nin the session's time zone.",
            _spark,
        ),
        Engine(
            "trino",
            ("s3://", "gs://", "abfs://"),
            "For the Hive connector. Partitions are projected: a new day is there at once, and a day before"
            "\nthe first one of the range is not. The connector has no TIMESTAMP WITH TIME ZONE: columns"
            "\nnamed ..._utc are in UTC, the others are local times.",
            _trino,
        ),
    )
}
