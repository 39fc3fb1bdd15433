"""Files in the lake that are not tables: documents that people and other programs read."""

from __future__ import annotations

import re

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.store import Store, storage_errors
from stripe_reports.lake.storage.whole_object import whole_object

_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}")


class Documents:
    """The documents of a lake, by folder and name: `<root>/_<folder>/<name>`. Use it as `Lake.documents`.

    A folder and a name have one or more parts, separated by slashes. A part consists of letters, digits, `_`,
    `-` and `.`, and does not begin with a dot. Every method raises LakeError for any other name, and if the
    store refuses.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root

    def put(self, folder: str, name: str, body: bytes) -> str:
        """Write or replace the document, whole or not at all, and return its uri.

        It survives a power loss once this returns.
        """
        path = _path(folder, name)
        with whole_object(self._store, f"{self._root}/{path}", path) as sink:
            sink.write(body)
        return f"{self._root}/{path}"

    def read(self, folder: str, name: str) -> bytes | None:
        """Return the bytes of the document, or None if it does not exist."""
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
            f"{f'{folder}/{name}'[:80]!r} is not a document name; use letters, digits, _, - and . between"
            " slashes, and begin no part with a dot"
        )
    return f"_{'/'.join(parts)}"
