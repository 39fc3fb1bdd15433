"""A month's documents in the lake: written once, and not moved without a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from stripe_reports.close.manifest import MANIFEST, said_digests
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake


@dataclass(frozen=True, slots=True)
class KeptClosing:
    """What became of a month's documents."""

    uris: Mapping[str, str]
    """Where each is, by name."""
    closed_before: bool
    """Whether there was a closing of the month."""
    changed: Sequence[str]
    """The documents that are others than in that closing, which they replaced; none if there was none."""
    rests_on_more: bool
    """Whether that closing has the same books and was left as it is, though what they rest on has changed
    since: days that were landed again, waivers, the version of this package."""
    restored: Sequence[str] = ()
    """The documents of that closing that were lost or damaged, and were written again as they were."""


def keep_closing(lake: Lake, month: Month, documents: Mapping[str, bytes], *, reclose: bool) -> KeptClosing:
    """Write the documents, the manifest last. Raises CloseError if books that are there would move, unless
    `reclose`."""
    folder = f"closed/{month}"
    uris = {name: f"{lake.root}/_{folder}/{name}" for name in documents}
    manifest = lake.documents.read(folder, MANIFEST)
    changed = [name for name, body in documents.items() if lake.documents.read(folder, name) != body]
    if manifest is not None and not reclose:
        # The manifest says what was closed. A document that is another one now is lost, or damaged.
        said = said_digests(manifest)
        books = {name: sha256(body).hexdigest() for name, body in documents.items() if name != MANIFEST}
        if moved := [name for name in {**books, **said} if said.get(name) != books.get(name)]:
            raise CloseError(
                f"{month} is closed already, and its books would move: {', '.join(moved)} would be replaced;"
                " see which of its days were landed again, and close it with reclose: true if that is meant"
            )
        restored = [name for name in books if name in changed]
        for name in restored:
            lake.documents.put(folder, name, documents[name])
        return KeptClosing(uris, True, (), MANIFEST in changed, restored)
    for name, body in documents.items() if changed else ():
        lake.documents.put(folder, name, body)
    return KeptClosing(uris, manifest is not None, changed if manifest is not None else (), False)
