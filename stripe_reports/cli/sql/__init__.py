"""The command `stripe-reports sql`."""

from __future__ import annotations

from pathlib import Path

import click

from stripe_reports.cli.lake_option import chosen_lake, lake_option

_ROWS_SHOWN = 40
_EXAMPLES = """\b
Examples:
  stripe-reports sql
  stripe-reports sql "describe balance_summary_1"
  stripe-reports sql "select date, currency, net_amount from balance_summary_1
      where category = 'ending_balance' and date >= '2026-11-01' order by all"
  stripe-reports sql "select currency, sum(gross) from payouts_itemized_3 group by all" --csv > payouts.csv
  stripe-reports sql "from payouts_itemized_3" --parquet payouts.parquet --lake s3://finance-lake/stripe
"""


@click.command("sql", epilog=_EXAMPLES)
@click.argument("query", required=False)
@click.option(
    "--rows",
    default=None,
    type=click.IntRange(0),
    help=f"Rows to show; 0 for all.  [default: {_ROWS_SHOWN}]",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the whole result as CSV.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result as a JSON list of objects.")
@click.option(
    "--parquet",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole result to this new Parquet file.",
)
@click.option("--overwrite", is_flag=True, help="Let --parquet replace a file that exists.")
@lake_option
def command(
    query: str | None,
    rows: int | None,
    as_csv: bool,
    as_json: bool,
    file: Path | None,
    overwrite: bool,
    uri: str | None,
) -> None:
    """Query the tables of the lake in SQL.

    Without QUERY, the tables are listed with their days, rows and columns.

    Each table is a DuckDB view of the same name. Its column date is the day of the report. A query that
    filters by date reads only the files of those days, and only the columns that it needs. This works on S3
    as it does on a disk.

    Sums of amounts are exact. DuckDB's division and avg() are not: they return floats. A product of two
    amounts has more digits than a decimal can have: write net::double * net where a float is enough, or
    net::decimal(18, 4) * net::decimal(18, 4), which is exact for amounts of at most 4 decimals. A query can
    read the tables and nothing else: no other file, no network. It cannot write.

    CSV is as Stripe writes it: a null is nothing between commas, every other value is quoted. In JSON,
    decimals are strings. What goes to a pipe or a file is complete, or nothing.
    """
    forms = {"--csv": as_csv, "--json": as_json, "--parquet": file, "--rows": rows is not None}
    given = [name for name, value in forms.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: use one of them")
    if overwrite and not file:
        raise click.UsageError("--overwrite is about the file of --parquet: give both, or neither")
    if query is None and given:
        raise click.UsageError(f"{given[0]} needs a QUERY; without one, the tables are listed")
    from stripe_reports.cli.sql import printing, writing

    lake = chosen_lake(uri)
    if query is None:
        printing.list_tables(lake)
    elif file:
        writing.write_parquet(lake, query, file, overwrite=overwrite)
    elif as_csv:
        writing.write_csv(lake, query)
    elif as_json:
        writing.write_json(lake, query)
    else:
        printing.print_rows(lake, query, most=_ROWS_SHOWN if rows is None else rows)
