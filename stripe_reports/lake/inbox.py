"""The lake's inbox: what is kept for a later reader."""

from __future__ import annotations

import re
from collections.abc import Iterable

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.documents import Documents
from stripe_reports.lake.store import Store, storage_errors

_INBOX = "inbox"
_SUFFIX = ".json"
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")


class Inbox:
    """Bodies by kind and name: `<root>/_inbox/<kind>/<name>.json`. Reached as `Lake.inbox`.

    A kind or a name is made of letters, digits, `_`, `-` and `.`, does not begin with a dot, and is at most
    200 characters long. Every method raises LakeError for another, and where the store refuses.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root
        self._documents = Documents(store, root)

    def put(self, kind: str, name: str, body: bytes) -> None:
        """Keep the body, whole or not at all; under the same name it replaces the one before.

        It is there, for whoever looks, once this returns; on a disk also after a loss of power.
        """
        self._documents.put(*_place(kind, name), body)

    def names(self, kind: str) -> list[str]:
        """All that is kept of a kind, sorted; nothing if there is no such kind."""
        folder = f"_{_INBOX}/{_safe(kind)}"
        with storage_errors(f"list {self._root}/{folder}"):
            paths = [entry["path"] for page in obstore.list(self._store, f"{folder}/") for entry in page]
        kept = (path[len(folder) + 1 : -len(_SUFFIX)] for path in paths if path.endswith(_SUFFIX))
        return sorted(name for name in kept if _SAFE.fullmatch(name))

    def read(self, kind: str, name: str) -> bytes | None:
        """The body; None if it is not there."""
        return self._documents.read(*_place(kind, name))

    def remove(self, kind: str, names: Iterable[str]) -> None:
        """Keep these no longer; what is not there is fine."""
        for folder, document in [_place(kind, name) for name in names]:
            path = f"_{folder}/{document}"
            with storage_errors(f"delete {self._root}/{path}"):
                try:
                    obstore.delete(self._store, path)
                except FileNotFoundError:  # somebody else was faster; S3 does not even tell
                    continue


def _place(kind: str, name: str) -> tuple[str, str]:
    """Folder and name of the document."""
    return f"{_INBOX}/{_safe(kind)}", f"{_safe(name)}{_SUFFIX}"


def _safe(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise LakeError(
            f"{name[:50]!r} is no name for the lake's inbox: it takes letters, digits, _, - and ."
        )
    return name
