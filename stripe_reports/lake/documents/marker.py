"""The owner of a lake: one mode and, once it is known, one Stripe account."""

from __future__ import annotations

from stripe_reports.errors import LakeError
from stripe_reports.lake.documents.created_json import FORMAT, CreatedJson
from stripe_reports.lake.storage.store import Store

_MARKER = "_stripe_reports.json"
# A local directory can create a file exclusively, but cannot replace it only if it is unchanged. So an
# account that becomes known later gets a file of its own, and the first to create it is the owner, on every
# store.
_ACCOUNT_MARKER = "_stripe_reports_account.json"


def claim(store: Store, root: str, *, livemode: bool, account: str | None) -> None:
    """Claim the lake for a mode and an account, or check that it is theirs already.

    Raises LakeError if it belongs to another.
    """
    file = _file(store, root, _MARKER, '"livemode": true or false, "account": "acct_…" or null')
    marker = file.create_or_read({"livemode": livemode, "account": account})
    if not isinstance(marker.get("livemode"), bool) or not isinstance(marker.get("account"), str | None):
        raise file.damaged()
    if marker["livemode"] is not livemode:
        raise _other(root, _mode(marker["livemode"]), _mode(livemode))
    if account is None:
        return
    owner = marker["account"]
    if owner is None:
        file = _file(store, root, _ACCOUNT_MARKER, '"account": "acct_…"')
        owner = file.create_or_read({"account": account}).get("account")
        if not isinstance(owner, str):
            raise file.damaged()
    if owner != account:
        raise _other(root, f"account {owner}", f"account {account}")


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
