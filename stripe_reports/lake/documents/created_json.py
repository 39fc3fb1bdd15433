"""JSON files of the lake that are written once: the first writer decides what they say."""

from __future__ import annotations

import json
from typing import Any

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.storage.store import Store, storage_errors
from stripe_reports.lake.storage.whole_object import create_object

FORMAT = 1
"""The format of these files, which each of them states."""


class CreatedJson:
    """The file `<root>/<name>`.

    `says` and `way_out` are for the error about a damaged file: what the file says, and what to do.
    """

    def __init__(self, store: Store, root: str, name: str, *, says: str, way_out: str) -> None:
        self._store = store
        self._root = root
        self._name = name
        self._says = says
        self._way_out = way_out

    def create_or_read(self, content: dict[str, Any]) -> dict[str, Any]:
        """Write `content` if there is no file yet, and return what the file says.

        The file survives a power loss. A file without a byte was lost in one and counts as absent. Raises
        LakeError if it is damaged, or of a later version.
        """
        if (there := self.read()) is not None:
            return there
        written = {"format": FORMAT, **content}
        with storage_errors(f"write {self._root}/{self._name}"):
            if create_object(self._store, self._name, json.dumps(written).encode() + b"\n"):
                return written
        return self.read() or {}  # another process was faster

    def read(self) -> dict[str, Any] | None:
        """Return what the file says, or None if it is absent.

        Raises LakeError if it is damaged, or of a later version.
        """
        with storage_errors(f"read {self._root}/{self._name}"):
            try:
                body = bytes(obstore.get(self._store, self._name).bytes())
            except FileNotFoundError:
                return None
        return self._parse(body) if body else None

    def damaged(self) -> LakeError:
        """Return the error for a file that does not say what it should."""
        return LakeError(
            f"{self._root}/{self._name} is damaged, so it does not say {self._says}; nothing was landed;"
            f" {self._way_out}"
        )

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            raise self.damaged() from None
        if not isinstance(said, dict) or not isinstance(said.get("format"), int):
            raise self.damaged()
        if said["format"] != FORMAT:
            raise LakeError(
                f"{self._root}/{self._name} has format {said['format']} and this version knows {FORMAT};"
                " use the version of stripe-reports that wrote the lake, or a newer one"
            )
        return said
