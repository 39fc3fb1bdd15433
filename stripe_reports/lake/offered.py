"""Which report types the account offers, as landing saw it last."""

from __future__ import annotations

import json
from collections.abc import Iterable

from stripe_reports.errors import LakeError
from stripe_reports.lake.lake import Lake

_FOLDER = "account"
_NAME = "report_types.json"
_FORMAT = 1


class OfferedReports:
    """`<root>/_account/report_types.json`: for those who read the lake and do not ask Stripe."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def keep(self, report_types: Iterable[str]) -> None:
        """Write down the ids of all report types that the account offers, if they are others than before.

        Raises LakeError if the store refuses.
        """
        said = {"format": _FORMAT, "report_types": sorted(report_types)}
        body = (json.dumps(said, indent=1) + "\n").encode()
        if self._lake.documents.read(_FOLDER, _NAME) != body:
            self._lake.documents.put(_FOLDER, _NAME, body)

    def lacks(self, tables: Iterable[str]) -> list[str]:
        """Those of the tables whose report type the account does not offer, and of which no day has landed.

        None where landing has not written down yet what it offers. Raises LakeError if that is damaged.
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
                " account offers; delete that file, the next landing writes it again"
            ) from None
        return [table for table in tables if table not in offered and not self._lake.days(table)]
