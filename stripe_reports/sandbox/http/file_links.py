"""The calls about file links."""

from __future__ import annotations

from stripe_reports.sandbox.http import form
from stripe_reports.sandbox.http.call import Call
from stripe_reports.sandbox.http.error import missing, no_such
from stripe_reports.sandbox.http.file import FileLink, Files
from stripe_reports.sandbox.http.idempotency import Answer
from stripe_reports.sandbox.http.paging import PAGE_PARAMS, as_list, page


class FileLinkCalls:
    """The handlers of `/v1/file_links`."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def create(self, call: Call) -> Answer:
        """Handle `POST /v1/file_links`."""
        form.only(call.params, "file", "expires_at", "metadata")
        id_ = form.text(call.params, "file")
        if not id_:
            raise missing("file")
        file = self._files.find(id_)
        if file is None:
            raise no_such("file upload", id_, param="file", status=400)
        expires_at = form.integer(call.params, "expires_at")
        link = self._files.add_link(file, expires_at, form.mapping(call.params, "metadata"))
        return 200, self._files.link_as_object(link)

    def retrieve(self, call: Call) -> Answer:
        """Handle `GET /v1/file_links/{id}`."""
        form.only(call.params)
        return 200, self._files.link_as_object(self._find(call))

    def update(self, call: Call) -> Answer:
        """Handle `POST /v1/file_links/{id}`: `expires_at` may be `now`, or empty for never."""
        form.only(call.params, "expires_at", "metadata")
        link = self._find(call)
        match call.params.get("expires_at"):
            case None:
                pass
            case "now":
                self._files.expire_now(link)
            case "":
                link.expires_at = None
            case _:
                link.expires_at = form.integer(call.params, "expires_at")
        changes = form.mapping(call.params, "metadata")
        link.metadata = {k: v for k, v in (link.metadata | changes).items() if v != ""}
        return 200, self._files.link_as_object(link)

    def list(self, call: Call) -> Answer:
        """Handle `GET /v1/file_links`."""
        form.only(call.params, *PAGE_PARAMS, "expired", "file")
        file, expired = form.text(call.params, "file"), form.text(call.params, "expired")
        found = [
            link
            for link in self._files.links_newest_first()
            if file in (None, link.file) and expired in (None, str(self._files.is_expired(link)).lower())
        ]
        links, has_more = page(found, call.params, "file link")
        return 200, as_list("/v1/file_links", [self._files.link_as_object(each) for each in links], has_more)

    def _find(self, call: Call) -> FileLink:
        link = self._files.find_link(call.ids["id"])
        if link is None:
            raise no_such("file link", call.ids["id"], param="link")
        return link
