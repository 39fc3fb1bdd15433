"""The files host: the bytes of result files, with the key or through a link."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_reports.sandbox.http.byte_range import RangedFile
from stripe_reports.sandbox.http.call import Door, refuse, with_request_id
from stripe_reports.sandbox.http.error import Refusal, no_such
from stripe_reports.sandbox.http.file import File, Files


class FilesHost:
    """The handlers of the files host, which send whole files or the requested range."""

    def __init__(self, door: Door, files: Files) -> None:
        self._door = door
        self._files = files

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/files/{id}/contents", self._contents, methods=["GET"]),
                Route("/links/{token}", self._link, methods=["GET"]),
            ],
            exception_handlers={Refusal: refuse, HTTPException: refuse, Exception: refuse},
        )

    async def _contents(self, request: Request) -> Response:
        self._door.check(request)
        id_ = request.path_params["id"]
        return _bytes(self._files.with_contents(id_), id_)

    async def _link(self, request: Request) -> Response:
        token = request.path_params["token"]
        return _bytes(self._files.file_behind(token), token)


def _bytes(file: File | None, asked: str) -> Response:
    if file is None:
        raise no_such("file upload", asked, param="file")
    return RangedFile(file.path, headers=with_request_id(), media_type="text/csv", filename=file.filename)
