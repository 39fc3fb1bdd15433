"""The bytes of a result as one stream, over as many connections as it takes."""

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
"""In a row that bring no byte; their pauses add up to a minute."""
_MOST_REQUESTS = 200
"""In all, for a server that brings a little each time."""
_PATIENCE_SECONDS, _PATIENCE_BYTES = 300.0, 300 << 10
"""So long a download waits, in all its requests, for so much; then for as much again: 1 KiB a second."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds


@contextmanager
def open_result(api: StripeApi, result: ResultFile) -> Iterator[Iterator[bytes]]:
    """The result's bytes in chunks of at most 256 KiB, from `GET /v1/files/{id}/contents` on the files host:
    each byte once, and as many as `result.size` says.

    Authorized by HTTP Basic: the secret key is the user name, the password is empty
    (https://docs.stripe.com/file-upload#download-file-contents). The address is built from `files_base`
    rather than taken from `result.url`, and requests drops the header when it is sent on to another host,
    so the key goes to no host but the one that was configured.

    Where a connection breaks, the bytes behind it are asked for with `Range`
    (https://www.rfc-editor.org/rfc/rfc9110#name-range-requests), after a pause. Whether Stripe's files host
    serves ranges is not documented; one that does not is an error here, and the file is to be read again from
    its first byte.

    An answer that is HTML or JSON, or has another length than `result.size`, is asked for again: something
    else than Stripe's files host has spoken. A CsvError of who reads the chunks becomes a DownloadError where
    the file turns out to have another length.

    The chunks raise DownloadError where that may help or all attempts were in vain, StripeRequestError where
    asking again will not help.
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
        # As the answer with the first byte says:
        self._etag: str | None = None
        self._is_encoded = False

    def chunks(self) -> Iterator[bytes]:
        size = self._result.size
        while chunk := self._next_chunk():
            self._came += len(chunk)
            if self._came > size:
                raise DownloadError(
                    f"{self._result.id} should have {size} bytes and at least {self._came} came;"
                    " materialize the day again"
                )
            yield chunk

    def check_length(self, misfit: CsvError) -> None:
        """Raise DownloadError if the file has another length than it should, as far as no answer has said."""
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
        """Empty at the end. Each chunk has its own attempts, so that they are counted anew with it."""
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
        """The next chunk, from the answer that is open or else from a new one."""
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
            raise stopped(self._result, self._came, "the files host encodes it")
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
                f" came, less than {_PATIENCE_BYTES >> 10} KiB of them in the last {_PATIENCE_SECONDS:g} s of"
                " waiting; check the network, then materialize the day again"
            )
            slow.worth_repeating = False
            return slow
        error = DownloadError(
            f"{last}; given up with {self._came} of {self._result.size} bytes of {self._result.id} after"
            f" {self._requests} requests: check the network and STRIPE_FILES_BASE, then materialize the day"
            " again"
        )
        # A server that refuses ranges only may still give the file as a whole.
        error.worth_repeating = self._came > 0 and self._requests < _MOST_REQUESTS
        return error
