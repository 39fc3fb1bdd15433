"""The report type and file of a request, by which faults are selected."""

from __future__ import annotations

from urllib.parse import parse_qs

from stripe_reports.sandbox.faults import Occasion
from stripe_reports.sandbox.http.file import File, Files
from stripe_reports.sandbox.http.report_run import ReportRuns


class Subjects:
    """The objects whose ids are in paths; `report_type` is empty for a request without one."""

    def __init__(self, runs: ReportRuns, files: Files) -> None:
        self._runs = runs
        self._files = files

    def occasion(self, method: str, path: str, body: bytes) -> Occasion:
        """Return the occasion of a request."""
        return Occasion(report_type=self._report_type(path, body), method=method, path=path)

    def file_of_contents(self, path: str) -> File | None:
        """Return the file whose contents are requested, with the key or through a link."""
        match path.strip("/").split("/"):
            case ["v1", "files", id_, "contents"]:
                return self._files.find(id_)
            case ["links", token]:
                return self._files.file_behind(token)
        return None

    def _report_type(self, path: str, body: bytes) -> str:
        match path.strip("/").split("/"):
            case ["v1", "reporting", "report_types", id_]:
                return id_
            case ["v1", "reporting", "report_runs"]:
                return parse_qs(body.decode(errors="replace")).get("report_type", [""])[0]
            case ["v1", "reporting", "report_runs", id_]:
                run = self._runs.find(id_)
                return run.report_type if run else ""
            case ["v1", "files", id_]:
                file = self._files.find(id_)
                return file.report_type if file else ""
        file = self.file_of_contents(path)
        return file.report_type if file else ""
