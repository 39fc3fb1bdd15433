"""Files in the lake that are no tables: what people and other programs read as text."""

from __future__ import annotations

import re

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.store import Store, storage_errors, whole_object

_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}")


class Documents:
    """Bytes by folder and name: `<root>/_<folder>/<name>`, both of one or more parts with slashes between.

    Reached as `Lake.documents`. A part is made of letters, digits, `_`, `-` and `.`, and does not begin with
    a dot. Every method raises LakeError for another, and where the store refuses.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def put(self, folder: str, name: str, body: bytes) -> str:
        """Write the document, whole or not at all, in place of the one of that name; its uri.

        It survives a power loss once this returns.
        """
        path = _path(folder, name)
        with whole_object(self._store, f"{self._root}/{path}", path) as sink:
            sink.write(body)
        return f"{self._root}/{path}"

    def read(self, folder: str, name: str) -> bytes | None:
        """Its bytes; None if it is not there."""
        path = _path(folder, name)
        with storage_errors(f"read {self._root}/{path}"):
            try:
                return bytes(obstore.get(self._store, path).bytes())
            except FileNotFoundError:
                return None


def _path(folder: str, name: str) -> str:
    parts = [*folder.split("/"), *name.split("/")]
    if not all(map(_SAFE.fullmatch, parts)):
        raise LakeError(
            f"{f'{folder}/{name}'[:80]!r} is no name for a document of the lake: parts take letters, digits,"
            " _, - and ."
        )
    return f"_{'/'.join(parts)}"
