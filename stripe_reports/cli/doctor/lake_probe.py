"""The doctor's probe of the lake: can it be written, and whose is it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from stripe_reports import environment
from stripe_reports.cli.doctor.finding import Finding, failed, ok, warning
from stripe_reports.cli.lake_option import chosen_lake
from stripe_reports.errors import StripeReportsError
from stripe_reports.lake import local_path
from stripe_reports.stripe_api import Account, mode_of


def look_at_lake(uri: str | None, account: Account | None) -> Iterator[Finding]:
    """Yield whether the lake can be written, and whether it is that of the account.

    A local lake that does not exist is not made. Raises ConfigurationError and LakeError.
    """
    path = local_path(uri or environment.lake_uri())
    if path is not None and not path.exists():
        yield _absent(path)
        return
    lake = chosen_lake(uri)
    lake.try_to_write()
    yield ok("lake", f"{lake.root} can be written")
    owner = lake.owner()
    if owner is None:
        yield ok("lake's owner", "none yet: the first landing records its mode and account")
        return
    whose = f"{owner.mode}, {f'account {owner.account}' if owner.account else 'account unknown'}"
    mode = mode_of(account.api.api_key) if account else None
    id_ = _if_known(lambda: account.id if account else None)
    if mode and owner.livemode != (mode == "live"):
        yield _other(whose, f"the key is of {mode} mode")
    elif owner.account and id_ and owner.account != id_:
        yield _other(whose, f"the key is of account {id_}")
    elif owner.account and not id_:
        yield warning(
            "lake's owner", f"{whose}; the account of the key is not known, so nothing compares them"
        )
    elif mode is None:
        yield warning("lake's owner", f"{whose}; the mode of the key is not known, so nothing compares them")
    else:
        yield ok("lake's owner", whose)


def _absent(path: Path) -> Finding:
    above = path
    while not above.exists():
        above = above.parent
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return ok("lake", f"{path} does not exist yet; the first landing makes it")
    return failed("lake", f"{path} cannot be made in {above}", "set STRIPE_REPORTS_LAKE to another place")


def _other(whose: str, other: str) -> Finding:
    return failed("lake's owner", f"{whose}, and {other}", "set STRIPE_REPORTS_LAKE to another place")


def _if_known(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except StripeReportsError:
        return None  # the probe `account` has the reason
