"""The lake that a command reads: the option `--lake`, and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stripe_reports import environment
from stripe_reports.errors import LakeError

if TYPE_CHECKING:
    from stripe_reports.lake import Lake

lake_option = click.option(
    "--lake", "uri", metavar="URI", help="The lake.  [default: STRIPE_REPORTS_LAKE, or ./lake]"
)


def chosen_lake(uri: str | None) -> Lake:
    """Open the lake that the option or the environment names. Raises ConfigurationError if there is none."""
    from stripe_reports.lake import open_existing_lake

    return open_existing_lake(uri, option="--lake", keep_csv=environment.keep_csv())


def tables_of(lake: Lake) -> list[str]:
    """Return the names of the lake's tables. Raises LakeError if there is none."""
    if tables := lake.tables():
        return tables
    raise LakeError(
        f"{lake.root} has no table yet; materialize a day first, or choose another lake with --lake"
    )
