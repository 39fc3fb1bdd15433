"""The bytes of a result as one stream, over as many connections as necessary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import stamina

from stripe_reports.errors import CsvError, DownloadError
from stripe_reports.stripe_api.api import StripeApi
from stripe_reports.stripe_api.contents import (
    Contents,
    Interrupted,
    ask_for_contents,
    in_place_of,
    other_than_csv,
    stopped,
    truncated,
)
from stripe_reports.stripe_api.patience import Patience
from stripe_reports.stripe_api.report_run import ResultFile

_ATTEMPTS = 8
"""How many requests in a row may bring no byte; their pauses add up to a minute."""
_MOST_REQUESTS = 200
"""How many requests a download may make in all, for a server that sends a little each time."""
_PATIENCE_SECONDS, _PATIENCE_BYTES = 300.0, 300 << 10
"""How long a download waits, over all its requests, for each so many bytes: 1 KiB a second."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds


@contextmanager
def open_result(api: StripeApi, result: ResultFile) -> Iterator[Iterator[bytes]]:
    """Open the result's bytes in chunks of at most 256 KiB: each byte once, `result.size` bytes in all.

    They come from `GET /v1/files/{id}/contents` on the files host, authorized by HTTP Basic with the secret
    key as user name and an empty password (https://docs.stripe.com/file-upload#download-file-contents). The
    address is built from `files_base`, not taken from `result.url`, and requests drops the header if it is
    redirected to another host, so the key goes only to the configured host.

    If a connection breaks, the rest is requested with `Range`
    (https://www.rfc-editor.org/rfc/rfc9110#name-range-requests), after a pause. Whether Stripe's files host
    serves ranges is not documented. If it does not, that is an error here, and the caller reads the file
    again from its first byte.

    An answer that is HTML or JSON, or whose length differs from `result.size`, is requested again, because it
    is not from Stripe's files host. If the reader of the chunks raises CsvError and the file turns out to
    have another length, it becomes a DownloadError.

    The chunks raise DownloadError if reading again may help or all attempts failed, and StripeRequestError if
    another request will not help.
    """
    stream = _Stream(api, result)
    try:
        yield stream.chunks()
    except CsvError as misfit:
        stream.check_length(misfit)
        raise
    finally:
        stream.close()


class _Stream:
    def __init__(self, api: StripeApi, result: ResultFile) -> None:
        self._api = api
        self._result = result
        self._came = 0
        self._requests = 0
        self._contents: Contents | None = None
        self._patience = Patience(_PATIENCE_SECONDS, for_bytes=_PATIENCE_BYTES)
        # From the answer with the first byte:
        self._etag: str | None = None
        self._is_encoded = False

    def chunks(self) -> Iterator[bytes]:
        size = self._result.size
        while chunk := self._next_chunk():
            self._came += len(chunk)
            if self._came > size:
                raise DownloadError(
                    f"{self._result.id} should have {size} bytes, but at least {self._came} arrived;"
                    " materialize the day again"
                )
            yield chunk

    def check_length(self, misfit: CsvError) -> None:
        """Raise DownloadError if the file has the wrong length, unless an answer has stated the length."""
        if self._contents and self._contents.length is None:
            try:
                for _ in self.chunks():
                    pass
            except DownloadError as error:
                raise error from misfit

    def close(self) -> None:
        if self._contents:
            self._contents.close()
            self._contents = None

    def _next_chunk(self) -> bytes:
        """Return the next chunk, empty at the end. Each chunk has its own attempts."""
        try:
            return self._read()
        except Interrupted as broke:
            return self._read_again(broke)

    def _read_again(self, broke: Interrupted) -> bytes:
        try:
            for attempt in stamina.retry_context(
                on=self._pause,
                attempts=_ATTEMPTS,
                timeout=None,
                wait_initial=_FIRST_PAUSE,
                wait_max=_LONGEST_PAUSE,
            ):
                with attempt:
                    if attempt.num == 1:
                        raise broke  # that was the first attempt
                    return self._read()
        except Interrupted as last:
            raise self._given_up(last) from last
        raise AssertionError("unreachable: the loop returns or raises")

    def _pause(self, error: Exception) -> bool | float:
        if self._patience.left <= 0:
            return False
        if isinstance(error, Interrupted) and self._requests < _MOST_REQUESTS:
            return error.retry_after or True
        return False

    def _read(self) -> bytes:
        """Return the next chunk, from the open answer or from a new one."""
        contents = self._contents = self._contents or self._ask()
        is_whole = self._came >= self._result.size
        try:
            chunk = next(contents.chunks, b"")
            if not self._came and (what := other_than_csv(chunk)):
                raise Interrupted(in_place_of(self._result, what))
            if chunk or is_whole:
                return chunk
            if self._came == contents.first:
                raise truncated(self._result, self._came)
            raise Interrupted(f"the download of {self._result.id} ended early")
        except Interrupted:
            self.close()
            if is_whole and self._came:
                return b""
            raise

    def _ask(self) -> Contents:
        if self._came and self._is_encoded:
            raise stopped(self._result, self._came, "the files host encodes the file")
        self._requests += 1
        contents = ask_for_contents(
            self._api, self._result, first=self._came, etag=self._etag, patience=self._patience
        )
        if not self._came:
            self._etag, self._is_encoded = contents.etag, contents.is_encoded
        return contents

    def _given_up(self, last: Interrupted) -> DownloadError:
        if self._patience.left <= 0:
            slow = DownloadError(
                f"the download of {self._result.id} is too slow: {self._came} of {self._result.size} bytes"
                f" arrived, less than {_PATIENCE_BYTES >> 10} KiB of them in the last {_PATIENCE_SECONDS:g} s"
                " of waiting; check the network, then materialize the day again"
            )
            slow.worth_repeating = False
            return slow
        error = DownloadError(
            f"{last}; gave up with {self._came} of {self._result.size} bytes of {self._result.id} after"
            f" {self._requests} requests: check the network and STRIPE_FILES_BASE, then materialize the day"
            " again"
        )
        # A server that refuses only ranges may still send the whole file.
        error.worth_repeating = self._came > 0 and self._requests < _MOST_REQUESTS
        return error
