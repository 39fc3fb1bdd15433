"""Daemon threads that do the blocking work of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from stripe_reports.landing.shared import Interrupted, Shared, Stopped

_T = TypeVar("_T")


class Threads:
    """Daemon threads, at most `count`, so that a process ends without waiting for their work.

    `asyncio.to_thread` and `concurrent.futures` would wait for as long as a server lets a request hang,
    although readers never see what a thread leaves unfinished.
    """

    def __init__(self, count: int, name: str, shared: Shared) -> None:
        self.busy = 0
        """The number of calls to `run` whose end the event loop has not seen yet."""
        self._count = count
        self._name = f"stripe-reports-{name}"
        self._shared = shared
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[Thread] = []

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns, and raise what it raises.

        Raises Stopped if the landing is stopped before the work starts, Interrupted for what ends a process,
        and RuntimeError where the process can start no thread.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[tuple[_T | None, Exception | None]] = loop.create_future()

        def resolve(answer: tuple[_T | None, Exception | None]) -> None:
            if not done.cancelled():
                done.set_result(answer)

        def task() -> None:
            answer = self._answer(work)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(resolve, answer)

        self.busy += 1
        try:
            self._start_thread()
            self._queue.put(task)
            value, error = await done
        finally:
            self.busy -= 1
        if error is not None:
            raise error
        return value  # type: ignore[return-value]  # without an error there is a value

    def end(self) -> None:
        """Let the threads end once the queue is empty."""
        for _ in self._threads:
            self._queue.put(None)

    def join(self, seconds_left: Callable[[], float]) -> None:
        """Wait for the threads to end, no longer than `seconds_left` says."""
        for thread in self._threads:
            thread.join(max(0.0, seconds_left()))

    def _answer(self, work: Callable[[], _T]) -> tuple[_T | None, Exception | None]:
        """Return what `work` returns, or an Exception: an event loop takes nothing else that is raised."""
        try:
            if self._shared.stopped.is_set():
                raise Stopped
            return work(), None
        except Exception as raised:  # noqa: BLE001 - `run` raises it
            return None, raised
        except BaseException as raised:  # noqa: BLE001 - `run` raises it
            try:
                return None, self._shared.error_of(raised)
            except BaseException:  # noqa: BLE001
                return None, Interrupted(raised)

    def _start_thread(self) -> None:
        if len(self._threads) >= min(self.busy, self._count):
            return
        thread = Thread(target=self._work, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the process can start no more threads: fewer are enough
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _work(self) -> None:
        while task := self._queue.get():
            task()


async def together(coroutines: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Return what the coroutines return. The first one that raises cancels the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in coroutines]
    except BaseExceptionGroup as raised:
        first = raised.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]
