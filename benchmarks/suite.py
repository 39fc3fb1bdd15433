"""All that is measured, run by run."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from subprocess import CalledProcessError
from typing import Any

from benchmarks import REPORT_TYPE, process
from benchmarks.inputs import Inputs
from benchmarks.landing import columns_of
from benchmarks.results import Checked, Measured, Results

_OURS, _KEPT, _DUCKDB, _POLARS = "stripe_reports", "evidence", "duckdb", "polars"
_PANDAS, _PANDAS_ARROW = "pandas", "pandas_arrow"
_OPTIONS = {
    _OURS: ("--engine", "stripe_reports"),
    _DUCKDB: ("--engine", "duckdb"),
    _POLARS: ("--engine", "polars"),
    _PANDAS: ("--engine", "pandas"),
    _PANDAS_ARROW: ("--engine", "pandas_arrow"),
    _KEPT: ("--engine", "stripe_reports", "--evidence"),
}
_WITHOUT_PANDAS = (_OURS, _DUCKDB, _POLARS, _KEPT)  # its goal is for the small file

Round = Mapping[str, Mapping[str, Any]]
"""By contestant, what `benchmarks.landing` printed."""


@dataclass(slots=True)
class Suite:
    """Runs what `steps` lists, each run in a process of its own; `folder` is for what these write."""

    inputs: Inputs
    folder: Path
    pairs: int
    large_pairs: int
    """As `pairs`, with the large file."""
    tell: Callable[[str], None] = lambda _: None
    rows: dict[str, Measured] = field(default_factory=dict)
    checked: Checked = field(default_factory=Checked)
    peers: dict[str, Checked] = field(default_factory=dict)
    shape: str = ""

    def steps(self) -> Sequence[Callable[[], None]]:
        """To be called one after the other."""
        return [
            self.warm_up,
            self.landing,
            lambda: self.download("download_50", self.inputs.small(), 50e6, self.pairs),
            lambda: self.download("download_200", self.inputs.large(), 200e6, self.large_pairs),
            self.days,
            self.loading,
            self.accounts,
        ]

    def results(self) -> Results:
        """What the steps so far have found."""
        sizes = {"small": _size(self.inputs.small_mb), "large": _size(self.inputs.large_mb)}
        return Results(self.rows, sizes, self.shape, self.checked, self.peers)

    def warm_up(self) -> None:
        """Each engine lands something, so that no figure pays for reading its libraries from the disk."""
        self._rounds(self.inputs.days()[0], _OPTIONS, 1)

    def landing(self) -> None:
        """Whole processes, each with its imports, that turn a local CSV into a Parquet file."""
        csv = self.inputs.small()
        small = self._rounds(csv, _OPTIONS, self.pairs)
        self.rows["wall_small"] = _against(small, _OURS, _DUCKDB)
        self.rows["pandas"] = _against(small, _OURS, _PANDAS)
        self.rows["pandas_arrow"] = _against(small, _OURS, _PANDAS_ARROW)
        self.rows["polars_small"] = _against(small, _POLARS, _DUCKDB)
        self.rows["evidence_small"] = _against(small, _KEPT, _OURS)
        self._check([(csv, self._parquet(_OURS)), (csv, self._parquet(_KEPT))])
        for peer in (_DUCKDB, _POLARS, _PANDAS, _PANDAS_ARROW):
            self._check([(csv, self._parquet(peer))], self.peers.setdefault(peer, Checked()))
        self.shape = _shape(csv, rows=small[0][_OURS]["rows"])

        csv = self.inputs.large()
        large = self._rounds(csv, _WITHOUT_PANDAS, self.large_pairs)
        self.rows["wall_large"] = _against(large, _OURS, _DUCKDB)
        self.rows["polars_large"] = _against(large, _POLARS, _DUCKDB)
        self.rows["evidence_large"] = _against(large, _KEPT, _OURS)
        self.rows["bound"] = self._bound(csv, median(_figures(large, _DUCKDB, "wall_s")))
        self.rows["parquet"] = _against(large, _OURS, _DUCKDB, "parquet_bytes")
        peaks, before = _figures(large, _OURS, "peak_rss_mib"), _figures(small, _OURS, "peak_rss_mib")
        self.rows["peak"] = Measured(
            peaks, f"DuckDB {median(_figures(large, _DUCKDB, 'peak_rss_mib')):.0f} MiB"
        )
        self.rows["peak_growth"] = Measured([peak / median(before) for peak in peaks])
        self.rows["peak_evidence"] = Measured(_figures(large, _KEPT, "peak_rss_mib"))
        self._check([(csv, self._parquet(_OURS)), (csv, self._parquet(_KEPT))])

    def download(self, row: str, csv: Path, bytes_per_second: float, pairs: int) -> None:
        """Landing what a server sends at that speed, in turn with reading the same and doing nothing."""
        parquet, size = self._parquet("download"), str(csv.stat().st_size)

        def client(doing: str, *more: str | Path) -> float:
            self.tell(f"{doing} {csv.name} at {bytes_per_second / 1e6:g} MB/s")
            return float(process.run("benchmarks.download", base, size, *more).output)

        with process.running("benchmarks.files_host", csv, str(bytes_per_second)) as base:
            seconds = [(client("landing", parquet), client("reading")) for _ in range(pairs)]
        network = median(reading for _, reading in seconds)
        self.rows[row] = Measured([one / other for one, other in seconds], f"{network:.1f} s of network time")
        self._check([(csv, parquet)])

    def days(self) -> None:
        """A month as 31 days and as one file: landed, and asked for sums."""
        days, month = self.inputs.days(), self.inputs.month()
        many, one = self.folder / "many", self.folder / "one"

        def land(lake: Path, days: int) -> float:
            self.tell(f"landing {month.name}: {lake.name}")
            shutil.rmtree(lake, ignore_errors=True)
            os.sync()
            return process.run("benchmarks.days", lake, month, str(days)).wall_s

        seconds = [(land(many, len(days)), land(one, 1)) for _ in range(self.pairs)]
        self.rows["days"] = Measured(
            [first / other for first, other in seconds],
            f"{median(first for first, _ in seconds):.2f} s against {median(o for _, o in seconds):.2f} s",
        )

        parquet = "*/date=*/part-0.parquet"
        self.tell("asking DuckDB for sums")
        said = process.run("benchmarks.query", many / parquet, one / parquet, str(self.pairs)).output
        self.rows["query"] = Measured(
            [first / other for first, other in json.loads(said)],
            f"{1000 * median(other for _, other in json.loads(said)):.0f} ms over the one",
        )
        landed = [*sorted(many.glob(parquet)), *one.glob(parquet)]
        self._check(list(zip([*days, month], landed, strict=True)))

    def loading(self) -> None:
        """The code location in a fresh process, in turn with Dagster alone."""
        seconds, heavy = [], []
        for number in range(self.pairs):
            self.tell(f"loading the definitions, {number + 1} of {self.pairs}")
            loaded, bare = process.run("benchmarks.loading", "definitions"), process.run("benchmarks.loading")
            seconds.append(loaded.wall_s - bare.wall_s)
            heavy = json.loads(loaded.output)
        without = "without dagster_aws, pandas and duckdb"
        fault = f"imports {', '.join(heavy)}" if heavy else ""
        self.rows["loading"] = Measured(seconds, "" if heavy else without, fault)

    def accounts(self) -> None:
        """A hundred accounts in a code location, in turn with one."""
        seconds = []
        for number in range(self.pairs):
            self.tell(f"loading a hundred accounts, {number + 1} of {self.pairs}")
            hundred, one = process.run("benchmarks.loading", "100"), process.run("benchmarks.loading", "1")
            seconds.append(hundred.wall_s - one.wall_s)
        self.rows["accounts"] = Measured(seconds, "each with nine reports and their reconciliation")

    def _bound(self, csv: Path, duckdb_s: float) -> Measured:
        self.tell(f"{csv.name}: what Arrow alone takes")
        taken = json.loads(process.run("benchmarks.bound", csv, json.dumps(columns_of(csv))).output)
        cores = min(2, os.cpu_count() or 1)
        note = f"{taken['read_s']:.1f} s of CPU to read, {taken['write_s']:.1f} s to write, on {cores} cores"
        return Measured([(taken["read_s"] + taken["write_s"]) / cores / duckdb_s], note)

    def _rounds(self, csv: Path, contestants: Iterable[str], rounds: int) -> list[Round]:
        """All of them in turn, so often."""
        return [
            {name: self._land(csv, name, f"{number + 1} of {rounds}") for name in contestants}
            for number in range(rounds)
        ]

    def _land(self, csv: Path, contestant: str, which: str) -> Mapping[str, Any]:
        self.tell(f"landing {csv.name}: {contestant}, {which}")
        os.sync()  # what others wrote is not to be written to the disk at the expense of this one
        said = process.run(
            "benchmarks.landing",
            *(csv, self._parquet(contestant), "--report-type", REPORT_TYPE),
            *_OPTIONS[contestant],
        ).output
        landed: Mapping[str, Any] = json.loads(said)
        return landed

    def _parquet(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _check(self, files: Sequence[tuple[Path, Path]], into: Checked | None = None) -> None:
        """Compare these CSVs with what landed of them."""
        self.tell(f"comparing {files[0][0].name} with what landed of it")
        try:
            said = process.run("benchmarks.check", *(path for pair in files for path in pair)).output
        except CalledProcessError as error:
            if not error.output:
                raise
            said = error.output
        (self.checked if into is None else into).add(len(files), **json.loads(said))


def _figures(rounds: Sequence[Round], contestant: str, figure: str) -> list[float]:
    return [each[contestant][figure] for each in rounds]


def _against(rounds: Sequence[Round], one: str, other: str, figure: str = "wall_s") -> Measured:
    """The ratios of each round; the note says what they are made of."""
    ones, others = _figures(rounds, one, figure), _figures(rounds, other, figure)
    unit, scale = ("s", 1.0) if figure == "wall_s" else ("MB", 1e6)
    note = f"{median(ones) / scale:.2f} {unit} against {median(others) / scale:.2f} {unit}"
    return Measured([a / b for a, b in zip(ones, others, strict=True)], note)


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:g} GB" if megabytes >= 1000 else f"{megabytes:g} MB"


def _shape(csv: Path, rows: int) -> str:
    with csv.open("rb") as file:
        columns = file.readline().count(b",") + 1
    return (
        f"made-up rows of {REPORT_TYPE}, {columns} columns and {csv.stat().st_size / rows:.0f} bytes each:"
        " every value quoted, numbers too; some texts with commas, quotes or newlines, some empty; nulls"
    )
