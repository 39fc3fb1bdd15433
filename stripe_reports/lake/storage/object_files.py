"""Objects of a store as files that Arrow can read. In a bucket, a read is one range request or none."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import obstore
import pyarrow as pa
from obstore.exceptions import PreconditionError
from obstore.store import LocalStore
from pyarrow import fs

from stripe_reports.errors import LakeError, ReplacedError
from stripe_reports.lake.storage.store import Store, storage_errors

if TYPE_CHECKING:
    from obstore import GetOptions

_T = TypeVar("_T")

# Arrow first reads as many bytes from the end of a Parquet file, for its footer.
_END_BYTES = 1 << 16
_READS = 5


def open_store_files(store: Store, root: str) -> fs.FileSystem:
    """Return the files of a store as an Arrow file system that reads one version of each file."""
    return fs.PyFileSystem(ObjectFileHandler(store, root))


@contextmanager
def read_errors(uri: str) -> Iterator[None]:
    """Raise LakeError for an error of the store or of Arrow within the block, as one line with the reason."""
    with storage_errors(f"read {uri}"):
        try:
            yield
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise LakeError(f"cannot read {uri}: {error}") from error


def reread_if_replaced(read: Callable[[], _T]) -> _T:
    """Call `read` and return its result. Call it again, up to 4 times, if a file was replaced meanwhile.

    Raises what `read` raises, and ReplacedError if a file is replaced each time.
    """
    for _ in range(_READS - 1):
        with suppress(ReplacedError):
            return read()
    return read()


class ObjectFileHandler(fs.FileSystemHandler):  # type: ignore[misc]  # pyarrow has no types
    """A read-only Arrow file system over the paths of one store. `root` is for messages.

    It reads one version of each file: the one that was there when the file was first opened.
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
        """Return the name of this kind of file system."""
        return "stripe-reports-lake"

    def normalize_path(self, path: str) -> str:
        """Return the path as it is."""
        return path

    def open_input_file(self, path: str) -> pa.NativeFile:
        """Open a file for reading in any order.

        Raises FileNotFoundError, and ReplacedError if the file was replaced since it was first opened.
        """
        return self._open(path, with_end=True)

    def open_input_stream(self, path: str) -> pa.NativeFile:
        """Open a file for reading from its start. Raises as `open_input_file` does."""
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
        """Describe what is at these paths."""
        return [self._info(path) for path in paths]

    def _info(self, path: str) -> fs.FileInfo:
        try:
            size = obstore.head(self._store, path)["size"]
        except FileNotFoundError:
            return fs.FileInfo(path, fs.FileType.NotFound)
        return fs.FileInfo(path, fs.FileType.File, size=size)

    def _refuse(self, *args: Any, **options: Any) -> NoReturn:
        raise NotImplementedError("the files of a lake are read-only here")

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = _refuse
    delete_root_dir_contents = delete_file = move = copy_file = _refuse
    open_output_stream = open_append_stream = _refuse


class _ObjectFile(io.RawIOBase):
    """One version of a file, even if it is replaced meanwhile.

    Reading raises ReplacedError if that version is gone.
    """

    version: object
    """A value that differs between the versions of a file."""
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
    """A file on a local disk. Its descriptor keeps the version after a replacement."""

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
    """An object in a bucket. All requests are for the version that the first one found.

    The first request asks for the size and, with `with_end`, for the last bytes too. So a footer takes one
    request, and so does a small file.
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
