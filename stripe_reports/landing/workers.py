"""Threads that work off a queue."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread


class Workers:
    """Threads of the background: a process ends without waiting for what they are at.

    concurrent.futures would wait, for as long as a server lets a request hang, although nothing that a thread
    leaves unfinished is ever seen.
    """

    def __init__(self, count: int, name: str) -> None:
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads = [
            Thread(target=self._work, name=f"stripe-reports-{name}", daemon=True) for _ in range(count)
        ]

    def submit(self, task: Callable[[], None]) -> None:
        """Have it done. What it raises is lost, so it must not.

        Raises RuntimeError where the process can start no thread.
        """
        for number, thread in enumerate(self._threads):
            if thread.ident is None:
                try:
                    thread.start()
                except RuntimeError:  # the process may have no more threads: fewer do as well
                    if not number:
                        raise
                    break
        self._tasks.put(task)

    def end(self) -> None:
        """Take nothing more; what is queued is done before."""
        for _ in self._threads:
            self._tasks.put(None)

    def join(self, until: Callable[[], float]) -> None:
        """Wait for the threads, as many seconds as `until` says are left."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until()))

    def _work(self) -> None:
        while task := self._tasks.get():
            task()
