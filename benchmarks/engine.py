"""The process that `benchmarks.landing` measures: one engine, one file, and no import beyond those it needs.

`python -m benchmarks.engine ENGINE CSV PARQUET REPORT_TYPE COLUMNS EVIDENCE`; COLUMNS is JSON, from name to
type, and EVIDENCE is `evidence` or nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import FIRST_DAY

_CHUNK = 256 << 10


def chunks(csv: Path) -> Iterator[bytes]:
    """The bytes of a file as a download would bring them."""
    with csv.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def land(
    engine: str,
    csv: Path,
    parquet: Path,
    report_type: str,
    columns: Mapping[str, str],
    *,
    keep_csv: bool = False,
) -> None:
    """Land `csv` at `parquet`; `columns` are the CSV's with their types, by their names."""
    if engine == "stripe_reports":
        _land_with_stripe_reports(csv, parquet, report_type, list(columns), keep_csv=keep_csv)
        return
    from benchmarks.peers import LAND_WITH

    LAND_WITH[engine](csv, parquet, columns)


def _land_with_stripe_reports(
    csv: Path, parquet: Path, report_type: str, columns: Sequence[str], *, keep_csv: bool
) -> None:
    """What lands a report's result in production, into a lake that is there for this one file."""
    from tempfile import TemporaryDirectory

    from stripe_reports.catalog import REPORT_TYPES
    from stripe_reports.lake import Csv, ExpectedColumns, Lake

    with TemporaryDirectory(dir=parquet.parent) as folder:
        landed = Lake.open(folder, keep_csv=keep_csv).land(
            REPORT_TYPES[report_type],
            FIRST_DAY,  # any will do: the file is taken out of its partition
            [Csv(chunks(csv), csv.stat().st_size)],
            expected=ExpectedColumns(columns),
            facts={},
        )
        Path(landed.uri).replace(parquet)


def _main(engine: str, csv: str, parquet: str, report_type: str, columns: str, evidence: str) -> None:
    land(engine, Path(csv), Path(parquet), report_type, json.loads(columns), keep_csv=bool(evidence))


if __name__ == "__main__":
    _main(*sys.argv[1:])
