"""Whose tables a lake holds: one mode and, once it is known, one Stripe account."""

from __future__ import annotations

import json
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError

from stripe_reports.errors import LakeError
from stripe_reports.lake.store import Store, storage_errors

_MARKER = "_stripe_reports.json"
# Local directories know no "replace if unchanged", only "create". So an account that becomes known later gets
# a file of its own, and whoever creates it first is the owner, on every kind of store.
_ACCOUNT_MARKER = "_stripe_reports_account.json"
_FORMAT = 1


def claim(store: Store, root: str, *, livemode: bool, account: str | None) -> None:
    """Make the lake this mode's and account's, or check that it is. Raises LakeError if it is another's."""
    marker = _create_or_read(store, root, _MARKER, {"livemode": livemode, "account": account})
    if not isinstance(marker.get("livemode"), bool) or not isinstance(marker.get("account"), str | None):
        raise _damaged(root, _MARKER)
    if marker["livemode"] is not livemode:
        raise _other(root, _mode(marker["livemode"]), _mode(livemode))
    if account is None:
        return
    owner = marker["account"]
    if owner is None:
        owner = _create_or_read(store, root, _ACCOUNT_MARKER, {"account": account}).get("account")
        if not isinstance(owner, str):
            raise _damaged(root, _ACCOUNT_MARKER)
    if owner != account:
        raise _other(root, f"account {owner}", f"account {account}")


def _create_or_read(store: Store, root: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """What the file says, which is `content` if nobody wrote it before."""
    if (marker := _read(store, root, name)) is not None:
        return marker
    marker = {"format": _FORMAT, **content}
    with storage_errors(f"write {root}/{name}"):
        try:
            obstore.put(store, name, json.dumps(marker).encode() + b"\n", mode="create")
        except AlreadyExistsError:  # somebody else was faster
            return _read(store, root, name) or {}
    return marker


def _read(store: Store, root: str, name: str) -> dict[str, Any] | None:
    with storage_errors(f"read {root}/{name}"):
        try:
            body = bytes(obstore.get(store, name).bytes())
        except FileNotFoundError:
            return None
    return _parse(body, root, name)


def _parse(body: bytes, root: str, name: str) -> dict[str, Any]:
    try:
        marker = json.loads(body)
    except ValueError:
        raise _damaged(root, name) from None
    if not isinstance(marker, dict) or not isinstance(marker.get("format"), int):
        raise _damaged(root, name)
    if marker["format"] != _FORMAT:
        raise LakeError(
            f"{root}/{name} has format {marker['format']} and this version knows {_FORMAT};"
            " use the version of stripe-reports that wrote the lake, or a newer one"
        )
    return marker


def _mode(livemode: bool) -> str:
    return "live mode" if livemode else "test mode"


def _other(root: str, owner: str, other: str) -> LakeError:
    return LakeError(
        f"the lake {root} belongs to {owner} and this is {other}; nothing was landed;"
        " set STRIPE_REPORTS_LAKE to another place"
    )


def _damaged(root: str, name: str) -> LakeError:
    return LakeError(
        f"{root}/{name} is damaged, so it does not say whose lake this is; nothing was landed;"
        f' restore it, as {{"format": {_FORMAT}, "livemode": true or false, "account": "acct_…" or null}}'
    )
