"""A file behind a server that serves ranges of it, over connections that break: for the scripted server."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from stripe_reports_tests.scripted_server import Answer, Asked


class ServedFile:
    """`cuts` are how many bytes the answers bring, one after the other; None and those behind are whole.

    `sent` are the positions of the bytes that each answer brought, `ranges` the ranges that were asked for.
    """

    def __init__(
        self,
        data: bytes,
        cuts: Iterable[int | None] = (),
        *,
        etag: str | None = '"one"',
        end: Literal["close", "reset", "silence"] = "close",
        knows_ranges: bool = True,
        heeds_if_range: bool = True,
    ) -> None:
        self.data = data
        self.etag = etag
        self.ranges: list[str | None] = []
        self.sent: list[range] = []
        self._cuts = iter(cuts)
        self._end = end
        self._knows_ranges = knows_ranges
        self._heeds_if_range = heeds_if_range

    def __call__(self, asked: Asked) -> Answer:
        range_ = asked.headers.get("Range")
        self.ranges.append(range_)
        headers = {} if self.etag is None else {"ETag": self.etag}
        is_same = not self._heeds_if_range or asked.headers.get("If-Range") in (None, self.etag)
        if range_ is None or not self._knows_ranges or not is_same:
            return self._from(0, 200, headers)
        found = re.fullmatch(r"bytes=(\d+)-", range_)
        assert found, range_
        first, size = int(found[1]), len(self.data)
        if first >= size:
            return Answer(b"", 416, {"Content-Range": f"bytes */{size}"})
        return self._from(first, 206, headers | {"Content-Range": f"bytes {first}-{size - 1}/{size}"})

    def _from(self, first: int, status: int, headers: dict[str, str]) -> Answer:
        rest = self.data[first:]
        cut = next(self._cuts, None)
        self.sent.append(range(first, first + len(rest[:cut])))
        return Answer(rest, status, headers, cut=cut, end=self._end)
