"""Which report types: by exact id, by glob, or by preset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType

from stripe_reports.catalog._nearest import nearest
from stripe_reports.catalog.report_type import REPORT_TYPES, ReportType
from stripe_reports.errors import UnknownReportTypeError

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
"""Named selections. Except for `core` and `all`, each holds the latest known version of its reports."""


def select_report_types(select: str | Iterable[str]) -> tuple[ReportType, ...]:
    """The report types that a selection names, each once, in the order named.

    `select` is one or more of: an id (`payouts.itemized.3`), a glob over ids (`payouts.*`), a preset
    (`core`); a string may hold several, separated by commas or spaces.

    Raises UnknownReportTypeError where a part matches nothing, naming the nearest ids and presets.
    """
    parts = select.replace(",", " ").split() if isinstance(select, str) else list(select)
    if not parts:
        raise UnknownReportTypeError(
            f"no report type is selected; name an id, a glob such as 'payouts.*', or a preset of {_presets()}"
        )
    return tuple(REPORT_TYPES[id_] for id_ in dict.fromkeys(id_ for part in parts for id_ in _ids(part)))


def _ids(part: str) -> tuple[str, ...]:
    if part in PRESETS:
        return PRESETS[part]
    if part in REPORT_TYPES:
        return (part,)
    if any(c in part for c in "*?["):
        if matches := tuple(id_ for id_ in REPORT_TYPES if fnmatchcase(id_, part)):
            return matches
        globs = {f"{id_.partition('.')[0]}.*" for id_ in REPORT_TYPES}
        raise UnknownReportTypeError(f"no report type matches {part!r}{nearest(part, globs)}")
    raise UnknownReportTypeError(
        f"unknown report type or preset {part!r}{nearest(part, [*PRESETS, *REPORT_TYPES])};"
        f" presets are {_presets()}"
    )


def _presets() -> str:
    return ", ".join(PRESETS)
