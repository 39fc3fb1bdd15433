"""The command `stripe-reports ddl`."""

from __future__ import annotations

import re

import click

from stripe_reports.cli.completion import complete_tables
from stripe_reports.cli.lake_option import chosen_lake, lake_option

_ENGINES = ("athena", "bigquery", "duckdb", "snowflake", "spark", "trino")
_NAME = re.compile(r"[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*")
_EXAMPLES = """\b
Examples:
  stripe-reports ddl --engine duckdb
  stripe-reports ddl --engine athena --schema stripe --lake s3://finance-lake/stripe > athena.sql
  stripe-reports ddl --engine bigquery balance_summary_1 --schema finance.stripe --location gs://lake/stripe
  stripe-reports ddl --engine snowflake --schema finance.stripe --stage finance.stripe.lake
"""


@click.command("ddl", epilog=_EXAMPLES)
@click.argument("tables", metavar="[TABLE]...", nargs=-1, shell_complete=complete_tables)
@click.option("--engine", required=True, type=click.Choice(_ENGINES), help="The engine.")
@click.option("--schema", default="", help="The database, dataset or schema of the tables.")
@click.option(
    "--location", metavar="URI", help="The lake's root as the engine names it.  [default: the lake]"
)
@click.option(
    "--from", "first", metavar="DAY", help="Athena, Trino: the first day.  [default: the first landed]"
)
@click.option("--connection", default="", help="BigQuery: the connection to S3.")
@click.option("--stage", default="stripe_reports", show_default=True, help="Snowflake: the stage.")
@lake_option
def command(
    tables: tuple[str, ...],
    engine: str,
    schema: str,
    location: str | None,
    first: str | None,
    connection: str,
    stage: str,
    uri: str | None,
) -> None:
    """Print the statements that make TABLEs readable in another engine.

    By default, these are all tables of the lake. External tables (in DuckDB, views) read the files where they
    are: amounts are decimals with 38 digits, days are dates, and the partition key is the column date.

    A table has the columns of its newest landed day. One without a landed day has those of the catalog. Where
    the files have a column date of their own, the day of the report is the column report_date.
    """
    from stripe_reports.catalog import parse_day
    from stripe_reports.cli.ddl.engine import Target
    from stripe_reports.cli.ddl.engines import ENGINES
    from stripe_reports.cli.ddl.table_columns import table_shapes
    from stripe_reports.errors import ConfigurationError, LakeError

    for name, value in (("--schema", schema), ("--connection", connection), ("--stage", stage)):
        if value and not _NAME.fullmatch(value):
            raise click.UsageError(f"{name} is {value!r}; use letters, digits, _, - and points between names")
    chosen = ENGINES[engine]
    lake = chosen_lake(uri)
    root = (location or lake.root).rstrip("/")
    if chosen.reads and not root.startswith(chosen.reads) and engine != "snowflake":
        raise ConfigurationError(
            f"{engine} does not read {root}; name the lake as it sees it, with --location"
            f" ({' or '.join(f'{each}…' for each in chosen.reads)})"
        )
    if engine == "bigquery" and root.startswith("s3://") and not connection:
        raise ConfigurationError(
            "bigquery reads S3 by a connection of BigQuery Omni; name it with --connection"
        )
    target = Target(
        location=root,
        schema=f"{schema}." if schema else "",
        first_day=str(parse_day(first)) if first else "",
        connection=connection,
        stage=stage,
    )
    shapes = table_shapes(lake, tables)
    if not shapes:
        raise LakeError(f"{lake.root} has no table yet; materialize a day first, or name the tables")
    comments = "".join(f"-- {line}\n" for line in chosen.head.splitlines())
    click.echo("\n".join([comments, *(chosen.statements(shape, target) for shape in shapes)]), nl=False)
