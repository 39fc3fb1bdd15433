"""Asking a sandbox for reports over HTTP, and reading Stripe's CSV dialect strictly."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.waiting import PATIENCE

DAY = 86400
START = date(2025, 1, 1)
NOW = datetime(2025, 7, 2, 12, 0, tzinfo=UTC).timestamp()
"""Just late enough for the data of July 1 to be there."""

_FIELD = re.compile(r'(?:"((?:[^"]|"")*)")?([,\n])')


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def clock_at(instant: float) -> Callable[[], float]:
    """A clock that stands still."""
    return lambda: instant


def read_csv(text: str) -> list[list[str | None]]:
    """Lines of fields; None is a field of no characters, "" a quoted empty one. Anything else is an error."""
    lines: list[list[str | None]] = [[]]
    position = 0
    while position < len(text):
        field = _FIELD.match(text, position)
        assert field, f"not Stripe's dialect at {position}: {text[position : position + 60]!r}"
        lines[-1].append(None if field[1] is None else field[1].replace('""', '"'))
        if field[2] == "\n":
            lines.append([])
        position = field.end()
    assert lines.pop() == [], "the last line does not end"
    return lines


@dataclass(frozen=True)
class Report:
    """A downloaded result."""

    content: bytes

    @property
    def header(self) -> list[str | None]:
        return read_csv(self.content.decode())[0]

    @property
    def rows(self) -> list[dict[str, Any]]:
        header, *lines = read_csv(self.content.decode())
        assert all(len(line) == len(header) for line in lines)
        return [dict(zip(map(str, header), line, strict=True)) for line in lines]


class Client:
    """A client without a library: what is sent and what comes back is plain to see."""

    def __init__(self, sandbox: Sandbox) -> None:
        # There is no TLS to verify, and to load the certificates takes longer than most tests.
        settings: dict[str, Any] = {"auth": (sandbox.key, ""), "verify": False, "timeout": PATIENCE}
        self.http = httpx.Client(base_url=sandbox.api_base, **settings)
        self.files = httpx.Client(base_url=sandbox.files_base, **settings)

    def close(self) -> None:
        self.http.close()
        self.files.close()

    def get(self, path: str, **params: Any) -> Any:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **params: Any) -> Any:
        answer = self.http.post(path, data=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(
        self,
        report_type: str,
        start: int | None = None,
        end: int | None = None,
        columns: Sequence[str] = (),
        **parameters: str,
    ) -> httpx.Response:
        data = {f"parameters[{name}]": value for name, value in parameters.items()}
        data |= {f"parameters[columns][{i}]": column for i, column in enumerate(columns)}
        data |= {} if start is None else {"parameters[interval_start]": str(start)}
        data |= {} if end is None else {"parameters[interval_end]": str(end)}
        return self.http.post("/v1/reporting/report_runs", data={"report_type": report_type} | data)

    def report(self, report_type: str, *interval: int, columns: Sequence[str] = (), **more: str) -> Report:
        """The result of a new run over `start, end`, as of `end`, or without any interval."""
        *starts, end = interval or (None,)
        start = starts[0] if starts else None
        created = self.create(report_type, start, end, columns, **more)
        assert created.status_code == 200, created.text
        run = self.get(f"/v1/reporting/report_runs/{created.json()['id']}")
        assert run["status"] == "succeeded", run
        result = self.files.get(run["result"]["url"])
        assert result.status_code == 200, result.text
        assert len(result.content) == run["result"]["size"]
        return Report(result.content)


def refusal(
    answer: httpx.Response, status: int = 400, type_: str = "invalid_request_error"
) -> dict[str, str]:
    """Stripe's error object in the answer."""
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    error: dict[str, str] = answer.json()["error"]
    assert error["type"] == type_
    assert set(error) <= {"type", "code", "message", "param"}
    assert answer.headers["Request-Id"].startswith("req_")
    return error


def total(rows: Iterable[dict[str, Any]], column: str) -> dict[str, Decimal]:
    """Exact sums of the column by currency; a currency without rows is zero."""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row["currency"]] += Decimal(row[column])
    return sums
