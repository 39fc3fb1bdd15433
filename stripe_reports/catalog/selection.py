"""The selection of report types by id, glob or preset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from types import MappingProxyType

from stripe_reports.catalog.report_type import REPORT_TYPES, ReportType, unlisted_report_type
from stripe_reports.errors import UnknownReportTypeError
from stripe_reports.wording import nearest

_LOOKS_LIKE_AN_ID = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+\.[0-9]+")
_ALMOST = 0.75
"""The ratio (difflib) from which a part of an id counts as a misspelling of a known one."""

_CORE = (
    "balance.summary.1",
    "balance_change_from_activity.summary.1",
    "balance_change_from_activity.itemized.3",
    "payouts.summary.1",
    "payouts.itemized.3",
    "payout_reconciliation.summary.1",
    "payout_reconciliation.itemized.5",
    "ending_balance_reconciliation.summary.1",
    "ending_balance_reconciliation.itemized.4",
)


def _latest(*families: str) -> Callable[[ReportType], bool]:
    return lambda report_type: report_type.latest_known and report_type.family in families


def _preset(belongs: Callable[[ReportType], bool]) -> tuple[str, ...]:
    return tuple(id_ for id_, report_type in REPORT_TYPES.items() if belongs(report_type))


PRESETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "core": _CORE,
        "connect": _preset(_latest("connect")),
        "tax": _preset(_latest("tax")),
        "fees": _preset(_latest("fees", "card-payments-fees")),
        "revenue_recognition": _preset(_latest("revenue-recognition")),
        "apps": _preset(_latest("apps-analytics")),
        "all": tuple(REPORT_TYPES),
    }
)
"""The named selections. All but `core` and `all` hold the latest known version of each report."""


def select_report_types(select: str | Iterable[str]) -> tuple[ReportType, ...]:
    """Return the selected report types, each once, in the order of the selection.

    `select` is one or more of: an id (`payouts.itemized.3`), a glob over ids (`payouts.*`), a preset
    (`core`); a string may hold several, separated by commas or spaces.

    An id that the catalog does not know is accepted unless it looks like a typing error: it may be a later
    version of a known report, or a new report. With `=` before it (`=balance.sumary.1`), any id is accepted.
    Whether the account offers it is known when it is first requested.

    Raises UnknownReportTypeError if a part matches nothing, and names the nearest ids and presets.
    """
    parts = select.replace(",", " ").split() if isinstance(select, str) else list(select)
    if not parts:
        raise UnknownReportTypeError(
            f"no report type is selected; name an id, a glob such as 'payouts.*', or a preset of {_presets()}"
        )
    selected = {report_type.id: report_type for part in parts for report_type in _matching(part)}
    return tuple(selected.values())


def matches_pattern(id_: str, select: str) -> bool:
    """Return whether `all` or a glob in the selection covers this id, which may be unknown to the catalog."""
    parts = select.replace(",", " ").split()
    return "all" in parts or any(fnmatchcase(id_, part) for part in parts)


def _matching(part: str) -> Iterator[ReportType]:
    if part in PRESETS:
        yield from map(REPORT_TYPES.__getitem__, PRESETS[part])
    elif part in REPORT_TYPES:
        yield REPORT_TYPES[part]
    elif any(c in part for c in "*?["):
        yield from _matching_glob(part)
    elif _LOOKS_LIKE_AN_ID.fullmatch(id_ := part.removeprefix("=")) and (id_ != part or _is_another(id_)):
        yield unlisted_report_type(id_)
    else:
        takes = _LOOKS_LIKE_AN_ID.fullmatch(part)
        instead = f"; if your account offers it, write '={part}'" if takes else ""
        raise UnknownReportTypeError(
            f"unknown report type or preset {part!r}{nearest(part, [*PRESETS, *REPORT_TYPES])};"
            f" presets are {_presets()}{instead}"
        )


def _matching_glob(part: str) -> Iterator[ReportType]:
    matches = [report_type for id_, report_type in REPORT_TYPES.items() if fnmatchcase(id_, part)]
    if not matches:
        globs = {f"{id_.partition('.')[0]}.*" for id_ in REPORT_TYPES}
        raise UnknownReportTypeError(f"no report type matches {part!r}{nearest(part, globs)}")
    yield from matches


def _is_another(id_: str) -> bool:
    """Return whether the id names a version or a report that the catalog lacks, and is no misspelling."""
    reports = {each.rpartition(".")[0] for each in REPORT_TYPES}
    report = id_.rpartition(".")[0]
    return report in reports or not _is_typo(report, reports)


def _is_typo(report: str, reports: Iterable[str]) -> bool:
    """Return whether each part of the name is, or almost is, the same part of one known name."""
    parts = report.split(".")
    return any(
        len(parts) == len(known) and all(map(_is_almost, parts, known))
        for known in (each.split(".") for each in reports)
    )


def _is_almost(part: str, known: str) -> bool:
    return part == known or SequenceMatcher(None, part, known).ratio() >= _ALMOST


def _presets() -> str:
    return ", ".join(PRESETS)
