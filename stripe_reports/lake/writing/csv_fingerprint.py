"""The size and the digest of a CSV, taken while it streams by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_reports.errors import CsvError, DownloadError

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(slots=True)
class CsvFingerprint:
    """The number of bytes (`bytes_`) and the `sha256` of a stream. Final once the stream has ended."""

    size: int | None = None
    bytes_: int = 0
    _hash: _Hash = field(default_factory=hashlib.sha256)

    def sha256(self) -> str:
        """Return the SHA-256 so far, in hex."""
        return self._hash.hexdigest()

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the same chunks, and count them.

        Raises DownloadError as soon as there are more bytes than `size`, or at the end if there are fewer;
        CsvError if there are none at all; and what `chunks` raises, unchanged.
        """
        for chunk in chunks:
            self.bytes_ += len(chunk)
            self._hash.update(chunk)
            if self.size is not None and self.bytes_ > self.size:
                raise DownloadError(
                    f"the file should have {self.size} bytes, but at least {self.bytes_} arrived;"
                    " nothing was landed"
                )
            yield chunk
        if self.size is not None and self.bytes_ < self.size:
            raise DownloadError(
                f"the download is truncated: {self.bytes_} of {self.size} bytes arrived; nothing was landed"
            )
        if not self.bytes_:
            raise CsvError("the file is empty, without even a header; nothing was landed")
