"""A closed month's documents in the lake: written once, and changed only on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from stripe_reports.close.manifest import MANIFEST, recorded_digests
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake


@dataclass(frozen=True, slots=True)
class KeptClosing:
    """What was done with a month's documents."""

    uris: Mapping[str, str]
    """The uri of each document, by name."""
    closed_before: bool
    """Whether the month was closed before."""
    changed: Sequence[str]
    """The documents that differ from the earlier closing and replaced it; none if there was none."""
    rests_on_more: bool
    """Whether the earlier closing has the same books and was left as it is, though its manifest would change:
    days landed again, or the waivers or the version of this package changed."""
    restored: Sequence[str] = ()
    """The documents of the earlier closing that were lost or damaged, and were written again as they were."""


def keep_closing(lake: Lake, month: Month, documents: Mapping[str, bytes], *, reclose: bool) -> KeptClosing:
    """Write the documents, the manifest last. Raises CloseError if the books of an earlier closing would
    change, unless `reclose` is set."""
    folder = f"closed/{month}"
    uris = {name: f"{lake.root}/_{folder}/{name}" for name in documents}
    manifest = lake.documents.read(folder, MANIFEST)
    changed = [name for name, body in documents.items() if lake.documents.read(folder, name) != body]
    if manifest is not None and not reclose:
        # The manifest says what was closed. A document that no longer matches it is lost or damaged.
        recorded = recorded_digests(manifest)
        books = {name: sha256(body).hexdigest() for name, body in documents.items() if name != MANIFEST}
        if moved := [name for name in {**books, **recorded} if recorded.get(name) != books.get(name)]:
            raise CloseError(
                f"{month} is already closed, and its books would change: {', '.join(moved)} would be"
                " replaced; see which of its days were landed again, and close it with reclose: true if that"
                " is intended"
            )
        restored = [name for name in books if name in changed]
        for name in restored:
            lake.documents.put(folder, name, documents[name])
        return KeptClosing(uris, True, (), MANIFEST in changed, restored)
    for name, body in documents.items() if changed else ():
        lake.documents.put(folder, name, body)
    return KeptClosing(uris, manifest is not None, changed if manifest is not None else (), False)
