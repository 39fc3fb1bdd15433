"""The lake's inbox: messages that are kept for a later reader."""

from __future__ import annotations

import re
from collections.abc import Iterable

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.documents.documents import Documents
from stripe_reports.lake.storage.store import Store, storage_errors

_INBOX = "inbox"
_SUFFIX = ".json"
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}")


class Inbox:
    """The messages of a lake, by kind and name: `<root>/_inbox/<kind>/<name>.json`. Use it as `Lake.inbox`.

    A kind or a name consists of letters, digits, `_`, `-` and `.`, does not begin with a dot, and has at most
    200 characters. Every method raises LakeError for any other, and if the store refuses.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root
        self._documents = Documents(store, root)

    def put(self, kind: str, name: str, body: bytes) -> None:
        """Keep a body, whole or not at all. It replaces the previous body of the same name.

        Every reader sees it once this returns. On a disk, it survives a power loss.
        """
        self._documents.put(*_place(kind, name), body)

    def names(self, kind: str) -> list[str]:
        """List the names of a kind, sorted. The list is empty if there is no such kind."""
        folder = f"_{_INBOX}/{_safe(kind)}"
        with storage_errors(f"list {self._root}/{folder}"):
            paths = [entry["path"] for page in obstore.list(self._store, f"{folder}/") for entry in page]
        kept = (path[len(folder) + 1 : -len(_SUFFIX)] for path in paths if path.endswith(_SUFFIX))
        return sorted(name for name in kept if _SAFE.fullmatch(name))

    def read(self, kind: str, name: str) -> bytes | None:
        """Return the body, or None if it does not exist."""
        return self._documents.read(*_place(kind, name))

    def remove(self, kind: str, names: Iterable[str]) -> None:
        """Remove the bodies with these names. A missing one is ignored."""
        for folder, document in [_place(kind, name) for name in names]:
            path = f"_{folder}/{document}"
            with storage_errors(f"delete {self._root}/{path}"):
                try:
                    obstore.delete(self._store, path)
                except FileNotFoundError:  # another process was faster; S3 does not report it
                    continue


def _place(kind: str, name: str) -> tuple[str, str]:
    """Return the folder and the name of the document."""
    return f"{_INBOX}/{_safe(kind)}", f"{_safe(name)}{_SUFFIX}"


def _safe(name: str) -> str:
    if not _SAFE.fullmatch(name):
        raise LakeError(f"{name[:50]!r} is not a name for the lake's inbox; use letters, digits, _, - and .")
    return name
