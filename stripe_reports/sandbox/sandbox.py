"""The local Stripe as one object: configure it, start it, and point a client at it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, Self

from starlette.applications import Starlette
from starlette.types import ASGIApp, Scope

from stripe_reports.catalog import documented_delay, select_report_types
from stripe_reports.errors import ConfigurationError
from stripe_reports.sandbox.faults import Fault, Faults
from stripe_reports.sandbox.http.api_host import ApiHost
from stripe_reports.sandbox.http.availability import Availability
from stripe_reports.sandbox.http.call import Door
from stripe_reports.sandbox.http.calls import Calls
from stripe_reports.sandbox.http.connection import Connection
from stripe_reports.sandbox.http.event import Events
from stripe_reports.sandbox.http.faulty_host import FaultyHost
from stripe_reports.sandbox.http.file import Files
from stripe_reports.sandbox.http.files_host import FilesHost
from stripe_reports.sandbox.http.key import is_live
from stripe_reports.sandbox.http.report_run import ReportRuns
from stripe_reports.sandbox.http.report_type import AccountReportTypes, data_available_end
from stripe_reports.sandbox.http.subject import Subjects
from stripe_reports.sandbox.http.webhook import Webhook
from stripe_reports.sandbox.ledger import Ledger, account_id
from stripe_reports.sandbox.reports import ACCOUNT_PROFILES, AccountProfile
from stripe_reports.sandbox.server import Servers, listen
from stripe_reports.sandbox.tampering import ReportRows, Tampering

DEFAULT_KEY = "sk_test_sandbox_no_secret"
"""The default test key; it opens nothing but a sandbox."""
DEFAULT_LIVE_KEY = "sk_live_sandbox_no_secret"
"""The default live key; it opens nothing but a sandbox."""
DEFAULT_WEBHOOK_SECRET = "whsec_sandbox_no_secret"  # noqa: S105
"""The default secret with which a sandbox signs deliveries to the webhook."""


class Sandbox:
    """Stripe's reporting API on two local ports, over the ledger of a made-up account.

        with Sandbox(port=0, files_port=0) as sandbox:
            client = stripe.StripeClient(
                sandbox.key, base_addresses={"api": sandbox.api_base, "files": sandbox.files_base}
            )

    `key` is the only accepted key; with a live key, objects have `livemode: true`. `seed`, `rows_per_day`
    (balance transactions of a usual day) and `start_date` (first day of the ledger) determine all report data
    to the byte. Building a report run takes `latency` seconds. At most `runs_at_once` runs are built at a
    time, in the order of their creation, while the others are pending; None means no limit. A stuck run (the
    fault `pending`) holds its slot only for the latency, or a few of them would block all others. Port 0
    means any free port. `account_profile` decides which report types the account has: `plain`, `connect` or
    `full`, except the ids and globs in `not_offered`. `now` is the wall clock in Unix seconds: it decides
    which days are available, and sets the times of runs.

    `faults` go wrong from the start, each like `status:code=429,count=2`; `fault` adds more. With a
    `webhook_url`, events (report runs that have ended, data that has become available) are delivered there,
    signed with `webhook_secret`.

    `tampering` changes days, each like `2026-11-20,cent` or `2026-11-20,payout_reversed,currency=eur`;
    `tamper` adds more.

    A sandbox is used once: from `with` or `serve` until its end.
    """

    def __init__(
        self,
        key: str | None = None,
        seed: int = 1,
        rows_per_day: int = 40,
        latency: float = 0.3,
        port: int = 12111,
        files_port: int = 12112,
        host: str = "127.0.0.1",
        start_date: date = date(2025, 1, 1),
        account_profile: AccountProfile = "full",
        not_offered: Iterable[str] = (),
        now: Callable[[], float] = time.time,
        faults: Iterable[str] = (),
        tampering: Iterable[str] = (),
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        runs_at_once: int | None = None,
    ) -> None:
        self.key = DEFAULT_KEY if key is None else key
        if not self.key or not self.key.isascii() or any(c.isspace() for c in self.key):
            raise ConfigurationError(
                "the sandbox's key must be ASCII without blanks, such as sk_test_example"
            )
        if rows_per_day < 1 or latency < 0:
            raise ConfigurationError("the sandbox needs rows_per_day >= 1 and latency >= 0")
        if runs_at_once is not None and runs_at_once < 1:
            raise ConfigurationError("the sandbox needs runs_at_once >= 1, or None for no limit")
        if account_profile not in ACCOUNT_PROFILES:
            raise ConfigurationError(f"the sandbox's account_profile is one of {', '.join(ACCOUNT_PROFILES)}")
        self.account = account_id(seed)
        self.host = host
        self._port, self._files_port = port, files_port
        self._now = now
        self._ledger = Ledger(seed, rows_per_day, start_date)
        self._faults = Faults()
        for text in faults:
            self._faults.add(Fault.from_text(text))
        self._report_rows = ReportRows(self._ledger)
        for text in tampering:
            self._report_rows.add(Tampering.from_text(text), at_once=False)
        livemode = is_live(self.key)
        self._files = Files(livemode=livemode, now=now)
        self._events = Events(livemode=livemode)
        self._runs = ReportRuns(
            ledger=self._ledger,
            report_rows=self._report_rows,
            files=self._files,
            events=self._events,
            latency=latency,
            livemode=livemode,
            now=now,
            faults=self._faults,
            at_once=runs_at_once,
        )
        lacking = (each.id for pattern in not_offered for each in select_report_types(pattern))
        self._report_types = AccountReportTypes(account_profile, livemode, frozenset(lacking))
        self._availability = Availability(
            report_types=self._report_types,
            start=self.data_available_start,
            end=lambda report_type: data_available_end(
                now(), self._ledger.start, documented_delay(report_type)
            ),
            faults=self._faults,
            events=self._events,
            now=now,
        )
        self._calls = Calls()
        self.webhook_secret = DEFAULT_WEBHOOK_SECRET if webhook_secret is None else webhook_secret
        self._webhook = None
        if webhook_url is not None:
            self._webhook = Webhook(
                webhook_url,
                self.webhook_secret,
                settle_all=self._settle_all,
                events=self._events,
                faults=self._faults,
            )
        self._servers: Servers | None = None
        self._running = ExitStack()

    @property
    def api_base(self) -> str:
        """The address of the API host; with port 0, it is known once the sandbox runs."""
        return self._address(self._port)

    @property
    def files_base(self) -> str:
        """The address of the files host; with port 0, it is known once the sandbox runs."""
        return self._address(self._files_port)

    @property
    def report_runs_created(self) -> int:
        """The number of report runs that clients have created."""
        return len(self._runs)

    @property
    def calls(self) -> Mapping[tuple[str, str], int]:
        """The number of requests to both hosts so far, including refused ones and ones that met a fault.

        The keys are method and path with ids replaced: `calls["GET", "/v1/reporting/report_runs/{id}"]`.
        Calls that never happened have no key, and calls about faults and tamperings are not counted.
        """
        return self._calls.counts()

    @property
    def data_available_start(self) -> int:
        """The first second of the ledger, in Unix seconds."""
        return self._ledger.start

    @property
    def data_available_end(self) -> int:
        """The newest UTC midnight that is at least twelve hours ago, in Unix seconds."""
        return data_available_end(self._now(), self._ledger.start)

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            api_socket = starting.enter_context(listen(self.host, self._port))
            files_socket = starting.enter_context(listen(self.host, self._files_port))
            folder = starting.enter_context(TemporaryDirectory(prefix="stripe-reports-sandbox-"))
            self._port, self._files_port = api_socket.getsockname()[1], files_socket.getsockname()[1]
            self._files.base = self.files_base
            self._runs.folder = Path(folder)
            api, files = self._apps()
            self._servers = servers = Servers([(api, api_socket), (files, files_socket)])
            starting.callback(servers.stop)
            servers.start()
            if self._webhook:
                starting.callback(self._webhook.stop)
                self._webhook.start()
            self._running = starting.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def fault(self, kind: str, **settings: Any) -> Fault:
        """Add a fault, from now on: `sandbox.fault("status", code=429, count=2)`.

        Without a `count` or a `probability`, it strikes on every occasion; `applied` of the result counts how
        often it did. `stripe_reports.sandbox.faults.kinds` lists all kinds with their settings. Raises
        ConfigurationError for an unknown kind or setting.
        """
        fault = Fault(kind, settings)
        self._faults.add(fault)
        return fault

    def clear_faults(self) -> None:
        """Remove all faults. Runs and files keep what happened to them."""
        self._faults.clear()

    def tamper(self, day: date | str, kind: str, **settings: Any) -> Tampering:
        """Make a day unusual, or a report about it wrong: `sandbox.tamper("2026-11-20", "cent")`.

        `payout_reversed`, `manual_payout` and `restated` change the ledger, and all reports agree. `cent`,
        `lost` and `doubled` make one report wrong, and `applied` of the result counts the report runs that
        were. `stripe_reports.sandbox.tampering.kinds` lists all kinds with their settings. Days are UTC.

        It affects report runs that are built from now on. A restated day changes at once if the sandbox runs,
        and from the second report run of each type on if it does not. Raises ConfigurationError for an
        unknown kind or setting, and if the ledger has nothing of that kind on that day.
        """
        tampering = Tampering(day, kind, settings)
        self._report_rows.add(tampering, at_once=self._servers is not None)
        return tampering

    @property
    def tamperings(self) -> tuple[Tampering, ...]:
        """All tamperings, in the order in which they were added."""
        return self._report_rows.all()

    def _settle_all(self) -> None:
        self._runs.settle_all()
        self._availability.settle()

    def _apps(self) -> tuple[ASGIApp, ASGIApp]:
        door = Door(self.key, self.account, self._faults)
        api = ApiHost(
            door=door,
            account=self.account,
            report_types=self._report_types,
            availability=self._availability,
            runs=self._runs,
            files=self._files,
            events=self._events,
            faults=self._faults,
            report_rows=self._report_rows,
        )
        return self._faulty(api.app()), self._faulty(FilesHost(door, self._files).app())

    def _faulty(self, app: Starlette) -> ASGIApp:
        subjects = Subjects(self._runs, self._files)
        return self._calls.counting(FaultyHost(app, self._faults, subjects, self._connection_of), app)

    def _connection_of(self, scope: Scope) -> Connection:
        if self._servers is None:
            raise RuntimeError("a request arrived while the sandbox was not running")
        return self._servers.connection_of(scope)

    def serve(self, on_ready: Callable[[], None] | None = None) -> None:
        """Run until Ctrl-C or SIGTERM, then return. `on_ready` is called once both ports answer.

        Call it in the main thread, which receives the signals. Raises ConfigurationError if a port is taken.
        """
        stopped = Event()
        before = {s: signal.signal(s, lambda *_: stopped.set()) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            with self:
                if on_ready:
                    on_ready()
                stopped.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _address(self, port: int) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"
