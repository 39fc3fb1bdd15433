"""A client of the files host: `python -m benchmarks.download BASE SIZE [PARQUET]` prints its seconds.

With PARQUET it lands the file as it streams in. Without, it reads the stream and throws it away: that is what
the network takes alone. The clock starts when all is imported, so that it shows whether landing keeps up with
the line; what the imports take is in the figures of whole processes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import FIRST_DAY, REPORT_TYPE
from stripe_reports.catalog import REPORT_TYPES
from stripe_reports.lake import Csv, ExpectedColumns, Lake, LandedTable
from stripe_reports.stripe_api import ResultFile, StripeApi, open_result

_SMALL = b'"currency"\n"usd"\n'


def read(api: StripeApi, result: ResultFile) -> float:
    """The seconds until all bytes have come."""
    began = time.perf_counter()
    with open_result(api, result) as chunks:
        came = sum(map(len, chunks))
    seconds = time.perf_counter() - began
    if came != result.size:
        raise RuntimeError(f"{came} of {result.size} bytes came")
    return seconds


def land(api: StripeApi, result: ResultFile, parquet: Path) -> float:
    """The seconds until the day is committed, in a lake as it is by default."""

    def csvs() -> Iterator[Csv]:
        with open_result(api, result) as chunks:
            yield Csv(chunks, result.size)

    with TemporaryDirectory(dir=parquet.parent) as folder:
        lake = Lake.open(folder)
        _land(lake, [Csv([_SMALL])])  # a lake imports its largest part when it first lands
        began = time.perf_counter()
        landed = _land(lake, csvs())
        seconds = time.perf_counter() - began
        Path(landed.uri).replace(parquet)
    return seconds


def _land(lake: Lake, csvs: Iterable[Csv]) -> LandedTable:
    return lake.land(REPORT_TYPES[REPORT_TYPE], FIRST_DAY, csvs, expected=ExpectedColumns(), facts={})


def _main(base: str, size: str, *parquet: str) -> None:
    api = StripeApi("sk_test_benchmark", files_base=base)
    result = ResultFile("file_benchmark", int(size), created=0, filename=None)
    seconds = land(api, result, Path(*parquet)) if parquet else read(api, result)
    sys.stdout.write(f"{seconds}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
