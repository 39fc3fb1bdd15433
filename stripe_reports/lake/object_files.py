"""Objects of a store as files that Arrow can read: each read is one range request, or none."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NoReturn

import obstore
import pyarrow as pa
from pyarrow import fs

from stripe_reports.lake.store import Store

# As much as Arrow reads first of a Parquet file, for its footer.
_END_BYTES = 1 << 16


class _ObjectFile(io.RawIOBase):
    """Asks for the size and, where `with_end`, for the last bytes by the same request.

    So a footer takes one request, and a small file too.
    """

    def __init__(self, store: Store, path: str, *, with_end: bool) -> None:
        super().__init__()
        self._store = store
        self._path = path
        self._end = b""
        if with_end:
            got = obstore.get(store, path, options={"range": {"suffix": _END_BYTES}})
            self._size = int(got.meta["size"])
            self._end = bytes(got.bytes())
        else:
            self._size = int(obstore.head(store, path)["size"])
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        end = self._size if size is None or size < 0 else min(self._at + size, self._size)
        if end <= self._at:
            return b""
        end_at = self._size - len(self._end)
        if self._at >= end_at:
            data = self._end[self._at - end_at : end - end_at]
        else:
            data = bytes(obstore.get_range(self._store, self._path, start=self._at, end=end))
        self._at += len(data)
        return data


class ObjectFileHandler(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """A read-only Arrow file system over the paths of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectFileHandler) and self._store == other._store

    def __hash__(self) -> int:
        return hash(type(self))

    def get_type_name(self) -> str:
        """A name for messages."""
        return "stripe-reports-lake"

    def normalize_path(self, path: str) -> str:
        """Paths are normal already."""
        return path

    def open_input_file(self, path: str) -> pa.NativeFile:
        """A file for reading in any order. Raises FileNotFoundError."""
        return pa.PythonFile(_ObjectFile(self._store, path, with_end=True), mode="r")

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """A file for reading from its start. Raises FileNotFoundError."""
        return pa.PythonFile(_ObjectFile(self._store, path, with_end=False), mode="r")

    def get_file_info(self, paths: Sequence[str]) -> list[fs.FileInfo]:
        """What is at these paths."""
        return [self._info(path) for path in paths]

    def _info(self, path: str) -> fs.FileInfo:
        try:
            size = obstore.head(self._store, path)["size"]
        except FileNotFoundError:
            return fs.FileInfo(path, fs.FileType.NotFound)
        return fs.FileInfo(path, fs.FileType.File, size=size)

    def _refuse(self, *args: Any, **options: Any) -> NoReturn:
        raise NotImplementedError("a dataset of a lake only reads files")

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = _refuse
    delete_root_dir_contents = delete_file = move = copy_file = _refuse
    open_output_stream = open_append_stream = _refuse
