"""Blocking work runs in daemon threads, and an event loop awaits what comes of it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stripe_reports.errors import LakeError, UnexpectedError
from stripe_reports.lake import Lake
from stripe_reports.landing import LandingSettings
from stripe_reports.landing.shared import Interrupted, Shared, Stopped
from stripe_reports.landing.threads import Threads, together
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.waiting import until


class PanicException(BaseException):
    """As a library in Rust raises it."""


@pytest.fixture
def shared(lake: Lake) -> Shared:
    return Shared.of(Account(StripeApi("sk_test_x")), lake, "UTC", LandingSettings(), lambda _: None)


@pytest.fixture
def threads(shared: Shared) -> Iterator[Threads]:
    threads = Threads(2, "test", shared)
    yield threads
    threads.end()
    threads.join(lambda: 10)


def _raise(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_no_more_threads_work_than_may_and_all_work_is_done(threads: Threads) -> None:
    at_once: list[int] = []
    names: set[str] = set()
    working = threading.Semaphore(2)

    def work(number: int) -> int:
        assert working.acquire(blocking=False)
        names.add(threading.current_thread().name)
        at_once.append(threads.busy)
        assert threading.current_thread().daemon
        time.sleep(0.01)
        working.release()
        return number

    async def main() -> list[int]:
        return await together(threads.run(lambda n=n: work(n)) for n in range(20))  # type: ignore[misc]

    assert asyncio.run(main()) == list(range(20))
    assert names == {"stripe-reports-test"}
    assert (max(at_once), threads.busy) == (20, 0)


@pytest.mark.parametrize(
    ("raised", "comes"),
    [
        (LakeError("boo"), LakeError),
        (KeyError("boo"), KeyError),
        (StopIteration("boo"), RuntimeError),
        (PanicException("boo"), UnexpectedError),
        (KeyboardInterrupt(), Interrupted),
        (SystemExit(1), Interrupted),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_what_is_raised_is_raised_where_it_is_awaited_and_ends_no_loop(
    threads: Threads, raised: BaseException, comes: type[BaseException]
) -> None:
    async def main() -> Any:
        with pytest.raises(comes) as error:
            await threads.run(_raise(raised))
        assert await threads.run(lambda: 7) == 7
        return error.value

    error = asyncio.run(main())
    if isinstance(error, Interrupted):
        assert error.by is raised


def test_nothing_starts_once_all_is_stopped(threads: Threads, shared: Shared) -> None:
    done: list[int] = []
    shared.stopped.set()
    with pytest.raises(Stopped):
        asyncio.run(threads.run(lambda: done.append(1)))
    assert done == []


def test_work_that_nobody_awaits_any_more_ends_on_its_own(threads: Threads) -> None:
    go_on, done = threading.Event(), threading.Event()

    def work() -> None:
        go_on.wait(10)
        done.set()

    async def main() -> None:
        await asyncio.wait_for(threads.run(work), 0.05)

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(main())
    go_on.set()  # the loop is closed by now
    until(done.is_set)
    assert asyncio.run(threads.run(lambda: 7)) == 7


def test_the_first_that_raises_cancels_the_others() -> None:
    ended: list[str] = []

    async def fails() -> None:
        await asyncio.sleep(0)
        raise LakeError("boo") from KeyError("why")

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("canceled")
            raise

    async def main() -> None:
        await together([waits(), fails(), waits()])

    with pytest.raises(LakeError, match="boo") as error:
        asyncio.run(main())
    assert isinstance(error.value.__cause__, KeyError)
    assert ended == ["canceled"] * 2
