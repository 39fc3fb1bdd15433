"""Result files, and links that open them without a key."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stripe_reports.sandbox.http.paging import as_list

KEPT = 365 * 86400
"""How many seconds a result exists, as seen in a real one."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of declared `size` in bytes for `kept` seconds (https://docs.stripe.com/api/files/object)."""

    id: str
    created: int
    path: Path
    size: int
    filename: str
    title: str
    report_type: str
    kept: int = KEPT
    added: float = field(default_factory=time.monotonic, compare=False)

    @property
    def age(self) -> float:
        """Return how many seconds ago the file was really written, whatever `created` says."""
        return time.monotonic() - self.added


@dataclass(slots=True)
class FileLink:
    """A link to a file (https://docs.stripe.com/api/file_links/object)."""

    id: str
    token: str
    created: int
    file: str
    livemode: bool
    expires_at: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class Files:
    """All files and file links since the sandbox started. The bytes are on disk."""

    def __init__(self, *, livemode: bool, now: Callable[[], float]) -> None:
        self.base = ""
        """The address of the files host, once it is known."""
        self._livemode = livemode
        self._now = now
        self._files: dict[str, File] = {}
        self._links: dict[str, FileLink] = {}

    def add(self, file: File) -> None:
        """Add a file."""
        self._files[file.id] = file

    def find(self, id_: str) -> File | None:
        """Return the file with that id, if any."""
        return self._files.get(id_)

    def with_contents(self, id_: str) -> File | None:
        """Return the file with that id, unless it has expired."""
        file = self._files.get(id_)
        return None if file is None or file.created + file.kept <= self._now() else file

    def newest_first(self) -> list[File]:
        """Return all files, newest first."""
        return list(reversed(list(self._files.values())))

    def add_link(self, file: File, expires_at: int | None, metadata: dict[str, str]) -> FileLink:
        """Create a link to the file."""
        link = FileLink(
            id=f"link_1{secrets.token_hex(11)}",
            token=secrets.token_urlsafe(30),
            created=int(self._now()),
            file=file.id,
            livemode=self._livemode,
            expires_at=expires_at,
            metadata=metadata,
        )
        self._links[link.id] = link
        return link

    def find_link(self, id_: str) -> FileLink | None:
        """Return the link with that id, if any."""
        return self._links.get(id_)

    def links_newest_first(self) -> list[FileLink]:
        """Return all links, newest first."""
        return list(reversed(list(self._links.values())))

    def file_behind(self, token: str) -> File | None:
        """Return the file behind the token of a link, unless the link has expired."""
        link = next((each for each in self._links.values() if each.token == token), None)
        return None if link is None or self.is_expired(link) else self.with_contents(link.file)

    def expire_now(self, link: FileLink) -> None:
        """Expire the link."""
        link.expires_at = int(self._now())

    def is_expired(self, link: FileLink) -> bool:
        """Return whether the link has expired."""
        return link.expires_at is not None and link.expires_at <= self._now()

    def as_object(self, file: File) -> dict[str, Any]:
        """Return Stripe's object of the file, with its links."""
        links = [self.link_as_object(link) for link in self.links_newest_first() if link.file == file.id]
        return {
            "id": file.id,
            "object": "file",
            "created": file.created,
            "expires_at": file.created + file.kept,
            "filename": file.filename,
            "links": as_list(f"/v1/file_links?file={file.id}", links[:10], len(links) > 10),
            "purpose": "finance_report_run",
            "size": file.size,
            "title": file.title,
            "type": "csv",
            "url": f"{self.base}/v1/files/{file.id}/contents",
        }

    def link_as_object(self, link: FileLink) -> dict[str, Any]:
        """Return Stripe's object of the link."""
        return {
            "id": link.id,
            "object": "file_link",
            "created": link.created,
            "expired": self.is_expired(link),
            "expires_at": link.expires_at,
            "file": link.file,
            "livemode": link.livemode,
            "metadata": link.metadata,
            "url": f"{self.base}/links/{link.token}",
        }
