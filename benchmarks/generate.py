"""Stripe-dialect CSVs of any size: `python -m benchmarks.generate OUT.csv --mb 200`."""

from __future__ import annotations

import io
import math
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from benchmarks import FIRST_DAY, REPORT_TYPE

_BATCH_ROWS = 50_000
_SAMPLE_ROWS = 5_000
_SAMPLE = 2**32 - 1  # the number of a batch that no file gets to
_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", np.uint8)
_SECONDS_A_DAY = 86_400
_CITIES = ["Springfield", "Rivertown", "Łódź", "São Paulo", "北京"]

_Integers = npt.NDArray[np.int64]


class _Batch:
    """The rows of one batch, column by column. `seconds` is when each was created, ascending."""

    def __init__(self, seed: int, number: int, seconds: _Integers) -> None:
        self._rng = np.random.default_rng((seed, number))
        self._rows = rows = len(seconds)
        self._seconds = seconds
        self._gross = self._rng.integers(50, 50_000, rows) * self._rng.choice([1, 1, 1, 1, -1], rows)
        self._fee = np.where(self._gross > 0, self._gross * 29 // 1000 + 30, 0)
        self._customer = (self._rng.pareto(1.2, rows) * 500).astype(np.int64) % 200_000

    def table(self) -> pa.Table:
        """What a merchant asks of the report who wants to know more than its default columns say."""
        later = self._seconds + self._rng.integers(1, 8, self._rows) * _SECONDS_A_DAY
        later -= later % _SECONDS_A_DAY
        charge = self._ids("ch_3")
        columns = {
            "balance_transaction_id": self._ids("txn_3"),
            "created_utc": _stamps(self._seconds),
            "created": _stamps(self._seconds - 5 * 3600),
            "available_on_utc": _stamps(later),
            "available_on": _stamps(later),
            "currency": self._pick(["usd"] * 17 + ["eur", "gbp", "cad"]),
            "gross": _amounts(self._gross),
            "fee": _amounts(self._fee),
            "net": _amounts(self._gross - self._fee),
            "reporting_category": self._pick(["charge"] * 16 + ["refund", "refund", "dispute", "fee"]),
            "source_id": charge,
            "description": self._descriptions(),
            "customer_facing_amount": _amounts(self._gross),
            "customer_facing_currency": self._pick(["usd"] * 17 + ["eur", "gbp", "cad"]),
            "customer_id": self._customers("cus_"),
            "customer_email": self._customers("someone.", "@example.com"),
            "customer_name": self._names(),
            "customer_address_city": self._pick(_CITIES, 0.5),
            "customer_address_country": self._pick(["US", "US", "US", "GB", "DE", "BR", "CN"], 0.5),
            "charge_id": self._null(charge, 0.15),
            "payment_intent_id": self._null(self._ids("pi_3"), 0.15),
            "charge_created_utc": self._null(_stamps(self._seconds - 2), 0.15),
            "invoice_id": self._null(self._ids("in_1"), 0.6),
            "subscription_id": self._null(self._customers("sub_1"), 0.6),
            "payment_method_type": self._pick(["card"] * 9 + ["sepa_debit"], 0.1),
            "is_link": self._pick(["false", "false", "false", "true"], 0.15),
            "card_brand": self._pick(["Visa", "Visa", "MasterCard", "American Express", "Discover"], 0.15),
            "card_funding": self._pick(["credit", "debit", "prepaid"], 0.15),
            "statement_descriptor": self._pick(["EXAMPLE SHOP", "EXAMPLE* PLUS"], 0.2),
            "dispute_reason": self._pick(["fraudulent", "product_not_received"], 0.99),
        }
        return pa.table(columns)

    def _ids(self, prefix: str) -> pa.Array:
        letters = _ALPHABET[self._rng.integers(0, len(_ALPHABET), (self._rows, 23), np.uint8)]
        texts = letters.view("S23").ravel()
        return pc.binary_join_element_wise(prefix, pa.array(texts).cast(pa.string()), "")

    def _customers(self, before: str, after: str = "") -> pa.Array:
        number = pc.utf8_lpad(pa.array(self._customer).cast(pa.string()), 14, "0")
        return pc.binary_join_element_wise(before, number, after, "")

    def _names(self) -> pa.Array:
        first = pa.array(["Ada", "Émile", "Wei", "Noor", "Sam", "Ji-woo", "Olu", "Ann"])
        last = pa.array(["Example", "O'Sample", "Muster", "Prøve", "Ejemplo", "Sample, Jr."])
        return pc.binary_join_element_wise(
            first.take(pa.array(self._customer % 8)), last.take(pa.array(self._customer % 6)), " "
        )

    def _descriptions(self) -> pa.Array:
        """Mostly order numbers; some with commas, quotes or newlines; some empty, some null."""
        number = pa.array(self._rng.integers(0, 10**8, self._rows)).cast(pa.string())
        usual = pc.binary_join_element_wise("Order ", number, "")
        odd = pa.array(['Gift card, "large"', "2 × shirt, blue", "Deliver to:\nback door", "Café crème", ""])
        is_odd = pa.array(self._rng.random(self._rows) < 0.05)
        which = pa.array(self._rng.integers(0, len(odd), self._rows))
        return self._null(pc.if_else(is_odd, odd.take(which), usual), 0.1)

    def _pick(self, values: Sequence[str], nulls: float = 0.0) -> pa.Array:
        which = pa.array(self._rng.integers(0, len(values), self._rows))
        return self._null(pa.array(values).take(which), nulls)

    def _null(self, texts: pa.Array, share: float) -> pa.Array:
        if not share:
            return texts
        return pc.if_else(pa.array(self._rng.random(self._rows) < share), None, texts)


def _amounts(cents: _Integers) -> pa.Array:
    """Whole cents as texts with two decimals."""
    whole = pa.array(cents.astype(np.int64)).cast(pa.decimal128(19, 0))
    return pa.Array.from_buffers(pa.decimal128(19, 2), len(whole), whole.buffers()).cast(pa.string())


def _stamps(seconds: _Integers) -> pa.Array:
    return pa.array(seconds.astype("datetime64[s]")).cast(pa.string())


def generate(
    path: Path,
    megabytes: float,
    *,
    first_day: date = FIRST_DAY,
    days: int = 1,
    seed: int = 1,
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Write a CSV of about so many million bytes, its rows in the order of `created_utc`; returns the rows.

    In Stripe's dialect: every value quoted, numbers too, nulls bare. The same arguments give the same bytes
    (as long as numpy keeps its random numbers). Memory does not grow with the size. `tell` is given the
    bytes that are there.
    """
    sample = _Batch(seed, _SAMPLE, np.full(_SAMPLE_ROWS, _SECONDS_A_DAY // 2)).table()
    rows = max(1, math.ceil(megabytes * 1e6 / _bytes_per_row(sample)))
    midnight = int(datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC).timestamp())
    with path.open("wb") as file:
        with _writer(file, sample.schema) as writer:
            for number, start in enumerate(range(0, rows, _BATCH_ROWS)):
                places = np.arange(start, min(start + _BATCH_ROWS, rows))
                seconds = midnight + places * (days * _SECONDS_A_DAY) // rows
                writer.write_table(_Batch(seed, number, seconds).table())
                tell(file.tell())
        _flush(file)
    return rows


def join(csvs: Sequence[Path], path: Path) -> None:
    """Write the rows of all, in their order, under the header of the first."""
    with path.open("wb") as whole:
        for number, each in enumerate(csvs):
            with each.open("rb") as file:
                header = file.readline()
                if number == 0:
                    whole.write(header)
                shutil.copyfileobj(file, whole, 1 << 20)
        _flush(whole)


def _flush(file: BinaryIO) -> None:
    """Let the disk have it now, so that nothing is left to be written while others measure."""
    file.flush()
    os.fsync(file.fileno())


def _bytes_per_row(sample: pa.Table) -> float:
    memory = io.BytesIO()
    with _writer(memory, sample.schema) as writer:
        writer.write_table(sample)
    return len(memory.getvalue()) / len(sample)


def _writer(file: BinaryIO, schema: pa.Schema) -> arrow_csv.CSVWriter:
    options = arrow_csv.WriteOptions(quoting_style="all_valid", batch_size=_BATCH_ROWS)
    return arrow_csv.CSVWriter(file, schema, write_options=options)


_HELP = f"""Write a CSV as Stripe would send it for {REPORT_TYPE}: 30 columns, made-up rows.

\b
Examples:
  python -m benchmarks.generate day.csv --mb 200
  python -m benchmarks.generate month.csv --mb 2000 --days 31 --seed 7
"""


@click.command(help=_HELP)
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT.csv")
@click.option("--mb", default=200.0, show_default=True, type=click.FloatRange(0, min_open=True), help="Size.")
@click.option("--days", default=1, show_default=True, type=click.IntRange(1, 366), help="Days of its rows.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Another, other rows.")
def main(out: Path, mb: float, days: int, seed: int) -> None:
    """Write a CSV as Stripe would send it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"writing {out.name}", total=mb * 1e6)
        rows = generate(out, mb, days=days, seed=seed, tell=lambda size: progress.update(bar, completed=size))
    click.echo(f"{out}: {rows:,} rows, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
