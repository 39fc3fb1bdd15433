"""Running probes side by side, each for a limited time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread

from stripe_reports.cli.doctor.finding import Finding, failed
from stripe_reports.errors import StripeReportsError

Look = Callable[[], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Probe:
    """A name for its findings, and the function that looks."""

    name: str
    look: Look


def run_probes(probes: Sequence[Probe], *, seconds: float, redact: Callable[[str], str]) -> Iterator[Finding]:
    """Run all probes at once, and yield their findings in the order of the probes.

    A probe that raises, or has no answer within so many seconds, is a failed finding, and the others go on.
    The threads are daemons, so that the process ends without waiting for one that hangs. `redact` removes
    secrets from what they found.
    """
    until = time.monotonic() + seconds
    for probe, answer in [(probe, _start(probe)) for probe in probes]:
        try:
            found: list[Finding] | Exception = answer.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            yield failed(probe.name, f"no answer within {seconds:g} s", "check the network and try again")
            continue
        for each in _findings(probe, found):
            yield Finding(each.probe, each.status, redact(each.found), redact(each.to_do))


def _start(probe: Probe) -> SimpleQueue[list[Finding] | Exception]:
    answer: SimpleQueue[list[Finding] | Exception] = SimpleQueue()

    def look() -> None:
        try:
            answer.put(list(probe.look()))
        except Exception as error:  # noqa: BLE001 - it is this probe's finding
            answer.put(error)

    Thread(target=look, name=f"stripe-reports-probe-{probe.name}", daemon=True).start()
    return answer


def _findings(probe: Probe, found: list[Finding] | Exception) -> list[Finding]:
    if isinstance(found, StripeReportsError):
        return [failed(probe.name, str(found))]
    if isinstance(found, Exception):
        return [failed(probe.name, f"unexpected {type(found).__name__}: {found}", "please report this line")]
    return found
