"""The report types that the account offers, as the last landing saw them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from stripe_reports.errors import LakeError
from stripe_reports.lake.lake import Lake

_FOLDER = "account"
_NAME = "report_types.json"
_FORMAT = 1


class OfferedReports:
    """The file `<root>/_account/report_types.json`, for readers of the lake that do not ask Stripe."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def keep(self, report_types: Iterable[str]) -> None:
        """Write the ids of all report types that the account offers, if they changed.

        Raises LakeError if the store refuses.
        """
        said = {"format": _FORMAT, "report_types": sorted(report_types)}
        body = (json.dumps(said, indent=1) + "\n").encode()
        if self._lake.documents.read(_FOLDER, _NAME) != body:
            self._lake.documents.put(_FOLDER, _NAME, body)

    def lacks(self, tables: Iterable[str]) -> list[str]:
        """List the given tables whose report type the account does not offer and that have no landed day.

        The list is empty if no landing has written the offered report types yet. Raises LakeError if their
        file is damaged.
        """
        body = self._lake.documents.read(_FOLDER, _NAME)
        if not body:
            return []
        try:
            said = json.loads(body)
            offered = {id_.replace(".", "_") for id_ in said["report_types"]}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise LakeError(
                f"{self._lake.root}/_{_FOLDER}/{_NAME} is damaged, so it does not say which reports the"
                " account offers; delete that file, and the next landing writes it again"
            ) from None
        return [table for table in tables if table not in offered and not self._lake.days(table)]
