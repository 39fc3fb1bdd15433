"""The newest failure of each table, by Dagster's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError

if TYPE_CHECKING:
    from stripe_reports.orchestration import UnlandedDay


def recorded_failures(
    tables: Iterable[str], account: str | None
) -> tuple[Mapping[str, UnlandedDay | None] | None, str]:
    """Return the newest failure of each table whose day has not landed since.

    If they are not known, returns None, and why. `account` is the account's name in the code location.
    """
    home = environment.dagster_home()
    if not home:
        return None, "DAGSTER_HOME is not set"
    import dagster as dg

    from stripe_reports.orchestration import AccountNames, last_unlanded_day, open_instance

    prefix = AccountNames(account).key_prefix
    try:
        with open_instance(home) as instance:
            return {table: last_unlanded_day(instance, dg.AssetKey([*prefix, table])) for table in tables}, ""
    except ConfigurationError as error:
        return None, str(error)
