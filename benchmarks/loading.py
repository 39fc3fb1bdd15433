"""Loads Dagster, and with `definitions` the code location too: `python -m benchmarks.loading [definitions]`.

Prints, as JSON, which modules are there that it should do without.
"""

from __future__ import annotations

import json
import sys

import dagster

_HEAVY = ("dagster_aws", "pandas", "duckdb")


def _main(*what: str) -> None:
    if what and not isinstance(_definitions(), dagster.Definitions):
        raise RuntimeError("the code location has no definitions")
    json.dump([name for name in _HEAVY if name in sys.modules], sys.stdout)


def _definitions() -> object:
    from stripe_reports.definitions import defs

    return defs()


if __name__ == "__main__":
    _main(*sys.argv[1:])
