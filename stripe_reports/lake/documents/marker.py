"""The owner of a lake: one mode and, once it is known, one Stripe account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stripe_reports.errors import LakeError
from stripe_reports.lake.documents.created_json import FORMAT, CreatedJson
from stripe_reports.lake.storage.store import Store

_MARKER = "_stripe_reports.json"
# A local directory can create a file exclusively, but cannot replace it only if it is unchanged. So an
# account that becomes known later gets a file of its own, and the first to create it is the owner, on every
# store.
_ACCOUNT_MARKER = "_stripe_reports_account.json"


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of a lake: its mode, and its account if that is known."""

    livemode: bool
    account: str | None

    @property
    def mode(self) -> str:
        """The mode in words: `live mode` or `test mode`."""
        return _mode(self.livemode)


def claim(store: Store, root: str, *, livemode: bool, account: str | None) -> None:
    """Claim the lake for a mode and an account, or check that it is theirs already.

    Raises LakeError if it belongs to another.
    """
    file = _marker(store, root)
    marker = _parsed(file, file.create_or_read({"livemode": livemode, "account": account}))
    if marker.livemode is not livemode:
        raise _other(root, marker.mode, _mode(livemode))
    if account is None:
        return
    owner = marker.account
    if owner is None:
        file = _account_marker(store, root)
        owner = _account(file, file.create_or_read({"account": account}))
    if owner != account:
        raise _other(root, f"account {owner}", f"account {account}")


def read_owner(store: Store, root: str) -> Owner | None:
    """Return whose lake it is, or None if nothing has landed in it. Raises LakeError for a damaged marker."""
    file = _marker(store, root)
    if (said := file.read()) is None:
        return None
    owner = _parsed(file, said)
    if owner.account is None:
        file = _account_marker(store, root)
        if (said := file.read()) is not None:
            return Owner(owner.livemode, _account(file, said))
    return owner


def _marker(store: Store, root: str) -> CreatedJson:
    return _file(store, root, _MARKER, '"livemode": true or false, "account": "acct_…" or null')


def _account_marker(store: Store, root: str) -> CreatedJson:
    return _file(store, root, _ACCOUNT_MARKER, '"account": "acct_…"')


def _parsed(file: CreatedJson, said: dict[str, Any]) -> Owner:
    livemode, account = said.get("livemode"), said.get("account")
    if not isinstance(livemode, bool) or not isinstance(account, str | None):
        raise file.damaged()
    return Owner(livemode, account)


def _account(file: CreatedJson, said: dict[str, Any]) -> str:
    account = said.get("account")
    if not isinstance(account, str):
        raise file.damaged()
    return account


def _file(store: Store, root: str, name: str, content: str) -> CreatedJson:
    way_out = f'restore it, as {{"format": {FORMAT}, {content}}}'
    return CreatedJson(store, root, name, says="whose lake this is", way_out=way_out)


def _mode(livemode: bool) -> str:
    return "live mode" if livemode else "test mode"


def _other(root: str, owner: str, other: str) -> LakeError:
    return LakeError(
        f"the lake {root} belongs to {owner} and this is {other}; nothing was landed;"
        " set STRIPE_REPORTS_LAKE to another place"
    )
