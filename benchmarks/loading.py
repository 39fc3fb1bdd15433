"""Loads Dagster, and more: `python -m benchmarks.loading [definitions | NUMBER]`.

`definitions` loads the code location too, and a number one of so many accounts, with all that Dagster
resolves of it. Prints, as JSON, which modules are there that it should do without.
"""

from __future__ import annotations

import json
import sys

import dagster

_HEAVY = ("dagster_aws", "pandas", "duckdb")


def _main(what: str = "") -> None:
    if what == "definitions" and not isinstance(_definitions(), dagster.Definitions):
        raise RuntimeError("the code location has no definitions")
    if what.isdecimal():
        _load_accounts(int(what))
    json.dump([name for name in _HEAVY if name in sys.modules], sys.stdout)


def _definitions() -> object:
    from stripe_reports.definitions import defs

    return defs()


def _load_accounts(count: int) -> None:
    from stripe_reports import ReportLakeResource, StripeReports, StripeResource

    merged = dagster.Definitions.merge(
        *(
            StripeReports(account=name).definitions(
                stripe=StripeResource(), report_lake=ReportLakeResource(uri=name)
            )
            for name in (f"account_{number}" for number in range(count))
        )
    )
    merged.get_repository_def().load_all_definitions()


if __name__ == "__main__":
    _main(*sys.argv[1:])
