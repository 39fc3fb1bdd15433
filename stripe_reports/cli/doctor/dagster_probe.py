"""The doctor's probe of Dagster: its instance, its daemon, and what runs by itself."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from stripe_reports import environment
from stripe_reports.cli.doctor.finding import Finding, failed, ok, unknown, warning
from stripe_reports.errors import ConfigurationError

if TYPE_CHECKING:
    from stripe_reports.orchestration import Switch

_DAEMON_QUIET = 120.0
"""Seconds; the daemon reports every half minute."""
_HOME = "DAGSTER_HOME"


def look_at_dagster(account: str | None) -> Iterator[Finding]:
    """Yield what is found in the instance of DAGSTER_HOME, without making a file in it.

    `account` is the account's name in the code location. Raises ConfigurationError for a wrong one.
    """
    home = environment.dagster_home()
    if not home:
        yield warning(
            "dagster",
            f"{_HOME} is not set: Dagster's records are temporary, and deleted at its end",
            f"set {_HOME} to a directory",
        )
        yield unknown("schedules", f"not looked at: {_HOME} is not set")
        return
    from stripe_reports.orchestration import (
        AccountNames,
        daemon_seen_at,
        instance_storage,
        open_instance,
        switches,
    )

    names = AccountNames(account)
    by_default = environment.texts("STRIPE_REPORTS_AUTOMATION")
    try:
        storage = instance_storage(home)
        where = f"{storage.kind}, {_HOME}={home}"
        if not storage.exists:
            yield ok("dagster", f"{where}; no records yet: Dagster makes them when it starts")
            yield unknown("schedules", "not looked at: Dagster has no records yet")
            return
        with open_instance(home) as instance:
            yield ok("dagster", f"{where}; its records can be read")
            yield _daemon(daemon_seen_at(instance))
            yield _schedules(switches(instance, names), [names.of(name) for name in by_default])
    except ConfigurationError as error:
        yield failed("dagster", str(error))
        yield unknown("schedules", "not looked at: the instance cannot be used")


def _daemon(seen_at: float | None) -> Finding:
    to_do = "start `dagster dev`, or `dagster-daemon run`"
    if seen_at is None:
        return warning("daemon", "it has never run: schedules, sensors and backfills wait", to_do)
    ago = max(0.0, time.time() - seen_at)
    if ago > _DAEMON_QUIET:
        return warning(
            "daemon", f"last seen {_duration(ago)} ago: schedules, sensors and backfills wait", to_do
        )
    return ok("daemon", f"seen {_duration(ago)} ago")


def _schedules(found: Sequence[Switch], by_default: Sequence[str]) -> Finding:
    """Return which are on: by the instance's records, or else by the environment."""
    said = {each.name for each in found}
    on = [f"{each.name} ({each.location})" for each in found if each.on]
    on += [f"{name} (by STRIPE_REPORTS_AUTOMATION)" for name in by_default if name not in said]
    off = [f"{each.name} ({each.location})" for each in found if not each.on]
    were_off = f"; turned off: {', '.join(off)}" if off else ""
    if on:
        return ok("schedules", f"on: {', '.join(on)}{were_off}; all others are off")
    return warning(
        "schedules",
        f"all schedules and sensors are off{were_off}: nothing lands by itself",
        "turn them on in the UI, or name them in STRIPE_REPORTS_AUTOMATION",
    )


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
