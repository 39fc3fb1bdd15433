"""Landing of a CSV that a person gives, such as a download from Stripe's Dashboard."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from stripe_reports.catalog import ReportType, day_interval
from stripe_reports.errors import ConfigurationError, CsvError, DayError, LakeError
from stripe_reports.lake import Csv, ExpectedColumns, Lake, LandedFile, take_header
from stripe_reports.landing.plan import day_column
from stripe_reports.landing.request import (
    ReportRequest,
    interval_parameters,
    option_parameters,
    table_settings,
)
from stripe_reports.wording import some

if TYPE_CHECKING:
    from stripe_reports.lake import Difference

GIVEN_BY_HAND = "given_by_hand"
"""The fact `true` of a day that landed from a file which a person gave; other days lack it."""

_CHUNK_BYTES = 1 << 18
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class HandLanded:
    """A day that is in the lake, from the file of a person."""

    report_type: ReportType
    day: date
    file: LandedFile
    unchanged: bool
    """Whether the day held this CSV already, and was left as it was."""
    checked_by: str | None
    """The column whose values show that the rows are of the day; None if no column does."""
    missing_columns: tuple[str, ...]
    """The columns that the CSV lacks; they are null."""
    difference: Difference | None
    """The difference from the table before; None if there was none."""


def land_file(
    report_type: ReportType,
    day: date,
    path: Path,
    *,
    lake: Lake,
    timezone: str,
    printed_in: str | None = None,
    livemode: bool | None = None,
    replace: bool = False,
    allow_missing_columns: bool = False,
) -> HandLanded:
    """Land the file as the day of a report type, checked as a report run's result is.

    `printed_in` is the time zone of its local times, by default that of the days, or UTC if the report type
    knows no other. `livemode` is needed for a lake that nothing has claimed yet. A day that has landed is
    left as it is if it holds this CSV, and is otherwise replaced only if `replace` is set. The provenance
    says that the file was given by hand, its name, and when; it names no report run.

    Raises ConfigurationError, DayError, CsvError and LakeError; then no table has changed.
    """
    _check(report_type, day, timezone)
    request = _request(report_type, printed_in)
    lake_mode = _livemode(lake, livemode)
    with _opened(path) as file:
        header = _header(report_type, day, file)
        missing = tuple(name for name in report_type.columns if name not in header)
        if missing and report_type.columns_complete and not allow_missing_columns:
            raise CsvError(
                f"{path.name} lacks these columns: {some(map(repr, missing), _MOST_NAMED)}; nothing was"
                " landed; download it again with all columns, or land it with --allow-missing-columns, which"
                " leaves them null",
                report_type=report_type.id,
                day=day,
            )
        column = day_column(report_type, request, timezone, header)
        checked_by = column.name if column else None
        landed = _there(lake, report_type, day, file, replace=replace)
        if landed is not None:
            return HandLanded(report_type, day, landed, True, checked_by, missing, None)
        lake.claim(livemode=lake_mode, account=None)
        lake.settled.check(report_type.table, table_settings(report_type, request, timezone))
        before = lake.replaced.copy(report_type.table, day)
        size = file.seek(0, 2)
        file.seek(0)
        lake.land(
            report_type,
            day,
            [Csv(_chunks(file), size)],
            expected=ExpectedColumns(report_type.columns, optional=frozenset(missing)),
            facts=_facts(report_type, day, path, request, timezone, header, missing, lake),
            day_column=column,
        )
    difference = None
    if before is not None:
        with before:
            difference = lake.replaced.difference(report_type, day, before)
    found = lake.landed(report_type.table, day)
    if found is None:
        raise LakeError("it is gone already: another process removed it", report_type=report_type.id, day=day)
    return HandLanded(report_type, day, found, False, checked_by, missing, difference)


def _check(report_type: ReportType, day: date, timezone: str) -> None:
    if report_type.interval == "payout":
        raise ConfigurationError(
            "it is about one payout, and a day lands from the report runs of all its payouts; materialize it"
            " in Dagster",
            report_type=report_type.id,
            day=day,
        )
    if day_interval(day, timezone).end > time.time():
        raise DayError(f"{day} is not over yet in {timezone}; land a day that is", report_type=report_type.id)


def _request(report_type: ReportType, printed_in: str | None) -> ReportRequest:
    request = ReportRequest(parameters={"timezone": printed_in} if printed_in else {})
    request.check(report_type)
    return request


def _livemode(lake: Lake, livemode: bool | None) -> bool:
    owner = lake.owner()
    if livemode is not None:
        return livemode  # another owner's mode is refused by `claim`
    if owner is None:
        raise ConfigurationError(
            f"nothing has landed in {lake.root} yet, so it is neither of live nor of test mode; add"
            " --mode live or --mode test"
        )
    return owner.livemode


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}; nothing was landed") from None


def _header(report_type: ReportType, day: date, file: BinaryIO) -> tuple[str, ...]:
    try:
        return take_header(_chunks(file)).names
    except CsvError as error:
        raise error.at(report_type=report_type.id, day=day) from None


def _there(
    lake: Lake, report_type: ReportType, day: date, file: BinaryIO, *, replace: bool
) -> LandedFile | None:
    """Return the day if it holds this CSV; None if the CSV is to land. Raises LakeError for another one."""
    try:
        landed = lake.landed(report_type.table, day)
    except LakeError:
        if replace:
            return None  # damaged
        raise
    if landed is None:
        return None
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    if landed.table.csv_sha256 == digest.hexdigest():
        return landed
    if replace:
        return None
    facts = landed.provenance
    by_hand = f"the file {facts.get('given_file', '')!r}" if GIVEN_BY_HAND in facts else ""
    source = by_hand or f"report run {facts.get('report_run_id') or 'unknown'}"
    raise LakeError(
        f"the day has landed already, from {source}; nothing was landed; replace it with --replace",
        report_type=report_type.id,
        day=day,
    )


def _facts(
    report_type: ReportType,
    day: date,
    path: Path,
    request: ReportRequest,
    timezone: str,
    header: tuple[str, ...],
    missing: tuple[str, ...],
    lake: Lake,
) -> dict[str, str]:
    """Return what the provenance says: no report run, because none is known."""
    bounds = interval_parameters(report_type, day_interval(day, timezone))
    owner = lake.owner()
    return {
        GIVEN_BY_HAND: "true",
        "given_file": path.name,
        "given_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **{name: str(second) for name, second in bounds.items()},
        "timezone": timezone,
        "parameters": json.dumps({**option_parameters(report_type, request, timezone), **bounds}),
        "columns": json.dumps(header),
        "dropped_columns": json.dumps(missing),
        "account": (owner and owner.account) or "",
        "livemode": json.dumps(owner.livemode if owner else None),
    }


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
