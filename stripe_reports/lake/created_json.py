"""JSON files of the lake that are written once: whoever comes first decides what they say."""

from __future__ import annotations

import json
from typing import Any

import obstore

from stripe_reports.errors import LakeError
from stripe_reports.lake.store import Store, create_object, storage_errors

FORMAT = 1
"""Of these files; each says it."""


class CreatedJson:
    """The file `<root>/<name>`. `says` and `way_out` are for the error that it is damaged: what the file
    says, and what to do."""

    def __init__(self, store: Store, root: str, name: str, *, says: str, way_out: str) -> None:
        self._store = store
        self._root = root
        self._name = name
        self._says = says
        self._way_out = way_out

    def create_or_read(self, content: dict[str, Any]) -> dict[str, Any]:
        """What the file says, which is `content` if nobody wrote it before.

        The file survives a power loss. One without a byte was lost in one and counts as absent. Raises
        LakeError if it is damaged, or of a later version.
        """
        if (there := self.read()) is not None:
            return there
        written = {"format": FORMAT, **content}
        with storage_errors(f"write {self._root}/{self._name}"):
            if create_object(self._store, self._name, json.dumps(written).encode() + b"\n"):
                return written
        return self.read() or {}  # somebody else was faster

    def read(self) -> dict[str, Any] | None:
        """What the file says; None if it is absent. Raises LakeError if it is damaged, or of a later
        version."""
        with storage_errors(f"read {self._root}/{self._name}"):
            try:
                body = bytes(obstore.get(self._store, self._name).bytes())
            except FileNotFoundError:
                return None
        return self._parse(body) if body else None

    def damaged(self) -> LakeError:
        """What to raise where the file does not say what it should."""
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
