"""Objects of a store as files that Arrow can read. In a bucket, each read is one range request, or none."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import obstore
import pyarrow as pa
from obstore.exceptions import PreconditionError
from obstore.store import LocalStore
from pyarrow import fs

from stripe_reports.errors import ReplacedError
from stripe_reports.lake.store import Store

if TYPE_CHECKING:
    from obstore import GetOptions

# As much as Arrow reads first of a Parquet file, for its footer.
_END_BYTES = 1 << 16


class _ObjectFile(io.RawIOBase):
    """One version of a file, whatever replaces it meanwhile. Raises ReplacedError where that is not there any
    more."""

    version: object
    """Differs between the versions of a file."""
    _size: int

    def __init__(self) -> None:
        super().__init__()
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
        data = self._range(self._at, end)
        self._at += len(data)
        return data

    def _range(self, start: int, end: int) -> bytes:
        raise NotImplementedError


class _LocalFile(_ObjectFile):
    """Holds a descriptor, which a replacement does not touch."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        there = os.fstat(self._file.fileno())
        self._size = there.st_size
        self.version = (there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _range(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)


class _RemoteFile(_ObjectFile):
    """Asks for the size and, where `with_end`, for the last bytes by the same request.

    So a footer takes one request, and a small file too. Later requests are for the version of the first.
    """

    def __init__(self, store: Store, path: str, name: str, *, with_end: bool) -> None:
        super().__init__()
        self._store = store
        self._path = path
        self._name = name
        self._end = b""
        if with_end:
            got = obstore.get(store, path, options={"range": {"suffix": _END_BYTES}})
            there = got.meta
            self._end = bytes(got.bytes())
        else:
            there = obstore.head(store, path)
        self._size = int(there["size"])
        self._e_tag = there["e_tag"]
        self.version = self._e_tag or (there["last_modified"], self._size)

    def _range(self, start: int, end: int) -> bytes:
        end_at = self._size - len(self._end)
        if start >= end_at:
            return self._end[start - end_at : end - end_at]
        options: GetOptions = {"range": (start, end)}
        if self._e_tag:
            options["if_match"] = self._e_tag
        try:
            return bytes(obstore.get(self._store, self._path, options=options).bytes())
        except PreconditionError:
            raise _replaced(self._name) from None


def _replaced(name: str) -> ReplacedError:
    return ReplacedError(f"{name} was replaced while it was read; read it again")


class ObjectFileHandler(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """A read-only Arrow file system over the paths of one store, which must be below `root`.

    It reads one version of each file: that which was there when the file was first opened.
    """

    def __init__(self, store: Store, root: str) -> None:
        self._store = store
        self._root = root
        self._versions: dict[str, object] = {}

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
        """A file for reading in any order.

        Raises FileNotFoundError, and ReplacedError if it is another one than at the first time.
        """
        return self._open(path, with_end=True)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """A file for reading from its start. Raises as `open_input_file` does."""
        return self._open(path, with_end=False)

    def _open(self, path: str, *, with_end: bool) -> pa.NativeFile:
        name = f"{self._root}/{path}"
        if isinstance(self._store, LocalStore):
            file: _ObjectFile = _LocalFile(Path(str(self._store.prefix), path))
        else:
            file = _RemoteFile(self._store, path, name, with_end=with_end)
        if self._versions.setdefault(path, file.version) != file.version:
            file.close()
            raise _replaced(name)
        return pa.PythonFile(file, mode="r")

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
