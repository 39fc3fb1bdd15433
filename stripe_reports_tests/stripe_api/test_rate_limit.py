"""How many calls start in a second: at first as many as are set, and as few as Stripe wants."""

from __future__ import annotations

import time
from threading import Thread

import pytest

from stripe_reports.errors import ConfigurationError, DownloadError
from stripe_reports.stripe_api import ResultFile, StripeApi, list_report_runs, open_result
from stripe_reports.stripe_api.rate_limit import RateLimit
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error
from stripe_reports_tests.stripe_api.conftest import CONTENTS, KEY, read

_RUNS = "/v1/reporting/report_runs"
_NONE = Answer({"object": "list", "url": _RUNS, "has_more": False, "data": []})
_TOO_FAST = Answer(stripe_error("Too fast.", code="rate_limit"), 429)


class _Time:
    """A clock that moves only when somebody sleeps, or by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Time:
    return _Time()


def _limit(clock: _Time, most: float) -> RateLimit:
    return RateLimit(most, clock=clock.clock, sleep=clock.sleep)


def _starts(limit: RateLimit, clock: _Time, count: int) -> list[float]:
    """When so many calls start that all want to at once."""
    starts = []
    for _ in range(count):
        limit.wait()
        starts.append(clock.now)
    return starts


@pytest.mark.parametrize("most", [0.5, 1.0, 20.0, 333.0])
def test_the_rate_is_kept_over_any_second(clock: _Time, most: float) -> None:
    starts = _starts(_limit(clock, most), clock, 500)
    burst = max(1.0, most / 2)
    for start in starts:
        within = [each for each in starts if start <= each < start + 1]
        assert len(within) <= most + burst + 1
    assert starts[-1] == pytest.approx((500 - most / 2) / most), "and no slower than it may be"


def test_after_a_quiet_time_half_a_seconds_calls_start_at_once(clock: _Time) -> None:
    limit = _limit(clock, 20)
    _starts(limit, clock, 100)
    clock.now += 3600
    began = clock.now
    starts = [start - began for start in _starts(limit, clock, 20)]
    assert starts[:10] == [0] * 10
    assert starts[10:12] == pytest.approx([0.05, 0.1])


def test_too_fast_halves_it_at_once(clock: _Time) -> None:
    limit = _limit(clock, 20)
    limit.too_fast()
    assert (limit.rate, limit.lowest) == (10, 10)
    assert _starts(limit, clock, 11)[-1] == pytest.approx(1.1), "without what was saved before"


def test_answers_to_calls_that_were_on_their_way_together_count_as_one(clock: _Time) -> None:
    limit = _limit(clock, 16)
    rates = []
    for _ in range(3):
        for _ in range(5):
            limit.too_fast()
        rates.append(limit.rate)
        clock.now += 1
    assert rates == [8, 4, 2]


def test_it_never_falls_below_one_call_in_two_seconds(clock: _Time) -> None:
    limit = _limit(clock, 4)
    for _ in range(10):
        limit.too_fast()
        clock.now += 1
    assert limit.rate == 0.5
    limit.wait()
    began = clock.now
    limit.wait()
    assert clock.now - began == pytest.approx(2)


def test_nothing_starts_before_the_pause_that_stripe_asks_for(clock: _Time) -> None:
    limit = _limit(clock, 20)
    limit.too_fast(retry_after=7)
    starts = _starts(limit, clock, 2)
    assert starts == pytest.approx([7.1, 7.2]), "all calls, not only the one that was refused"


def test_a_shorter_pause_does_not_end_a_longer_one(clock: _Time) -> None:
    limit = _limit(clock, 20)
    limit.too_fast(retry_after=7)
    limit.too_fast(retry_after=1)
    assert _starts(limit, clock, 1)[0] > 7


def test_calls_that_go_well_let_it_grow_by_one_each_second_and_not_beyond_the_most(clock: _Time) -> None:
    limit = _limit(clock, 20)
    limit.too_fast()
    began = clock.now
    while limit.rate < 15:
        limit.wait()
        limit.went_well()
    assert clock.now - began == pytest.approx(5, abs=0.5)
    for _ in range(1000):
        limit.wait()
        limit.went_well()
    assert limit.rate == 20
    assert limit.lowest == 10, "what it came down to is still known"


def test_threads_share_it() -> None:
    limit = RateLimit(100)
    began = time.monotonic()
    threads = [Thread(target=lambda: [limit.wait() for _ in range(20)]) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= (5 * 20 - 51) / 100


def test_all_who_use_one_key_at_one_host_share_one_limit(server: ScriptedServer) -> None:
    def api(key: str = KEY, base: str = server.base) -> StripeApi:
        return StripeApi(key, api_base=base, files_base=base)

    assert api().limit is api().limit
    assert api().files_limit is api().files_limit
    assert api().limit is not api("sk_test_other").limit
    assert api().limit is not api(base="http://127.0.0.1:9").limit


def test_the_last_to_set_it_decides(server: ScriptedServer) -> None:
    bases = {"api_base": server.base, "files_base": server.base}
    before = StripeApi(KEY, **bases, calls_per_second=30)
    assert before.limit.rate == 30
    before.limit.too_fast()
    assert StripeApi(KEY, **bases, calls_per_second=30).limit.rate == 15, "the same again changes nothing"
    assert StripeApi(KEY, **bases, calls_per_second=8).limit.rate == 8
    assert before.limit.rate == 8


def test_the_files_host_has_its_own_half_as_high(server: ScriptedServer) -> None:
    api = StripeApi(KEY, api_base=server.base, files_base=server.base, calls_per_second=30)
    assert (api.limit.rate, api.files_limit.rate) == (30, 15)
    assert api.limit is not api.files_limit


@pytest.mark.parametrize("wrong", [0, -1])
def test_a_rate_that_makes_no_sense_is_refused(wrong: float) -> None:
    with pytest.raises(ConfigurationError, match=f"calls_per_second is {wrong}; give one above 0"):
        StripeApi(KEY, calls_per_second=wrong)


# Over HTTP


def _api(server: ScriptedServer, calls_per_second: float = 40) -> StripeApi:
    return StripeApi(KEY, api_base=server.base, files_base=server.base, calls_per_second=calls_per_second)


def test_a_429_lowers_the_rate_of_the_api_host(server: ScriptedServer, no_pauses: None) -> None:
    api = _api(server)
    server.answers("GET", _RUNS, _TOO_FAST, _NONE)
    assert list(list_report_runs(api, created_from=0)) == []
    assert 20 <= api.limit.rate < 21
    assert api.files_limit.rate == 20, "the other host has not complained"


def test_a_429_lowers_the_rate_of_the_files_host(server: ScriptedServer, no_pauses: None) -> None:
    api = _api(server)
    server.answers("GET", CONTENTS, _TOO_FAST, Answer(b"abc"))
    assert read(api, 3) == b"abc"
    assert 10 <= api.files_limit.rate < 11
    assert api.limit.rate == 40


def test_after_a_429_no_call_starts_before_its_pause_is_over(server: ScriptedServer, no_pauses: None) -> None:
    api = _api(server)
    too_fast = Answer(stripe_error("Too fast.", code="rate_limit"), 429, {"Retry-After": "0.5"})
    server.answers("GET", _RUNS, too_fast, _NONE)
    list(list_report_runs(api, created_from=0))
    first, second = server.asked
    assert second.at - first.at >= 0.5


def test_calls_to_the_api_host_keep_the_rate(server: ScriptedServer) -> None:
    api = _api(server, 20)
    server.answers("GET", _RUNS, _NONE)
    began = time.monotonic()
    for _ in range(20):
        list(list_report_runs(api, created_from=0))
    assert time.monotonic() - began >= 0.5, "half of them at once, the others in half a second"


def test_downloads_keep_the_rate_of_the_files_host(server: ScriptedServer) -> None:
    api = _api(server, 20)
    server.answers("GET", CONTENTS, Answer(b"abc"))
    began = time.monotonic()
    for _ in range(10):
        read(api, 3)
    assert time.monotonic() - began >= 0.5


def test_a_refusal_of_another_kind_leaves_the_rate_as_it_is(server: ScriptedServer, no_pauses: None) -> None:
    api = _api(server)
    server.answers("GET", CONTENTS, Answer(b"", 500))
    with (
        pytest.raises(DownloadError),
        open_result(api, ResultFile("file_1", 3, created=1, filename=None)) as chunks,
    ):
        list(chunks)
    assert api.files_limit.rate == 20
