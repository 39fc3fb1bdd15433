"""A column that the account's version of a report does not know is left out, and told."""

from __future__ import annotations

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.landing import LandingSettings
from stripe_reports.landing.made_runs import MadeRuns
from stripe_reports.landing.obtain import Attempts, ObtainedRun, WantedRun, obtain_run
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.landing.report_runs import RUNS, asked_columns, keys, made, refused
from stripe_reports_tests.scripted_server import Answer, Asked, ScriptedServer

_COLUMNS = ("net", "net_amount", "fee", "payment_metadata[fee]")


@pytest.fixture
def account(server: ScriptedServer) -> Account:
    return Account(StripeApi("sk_test_x", api_base=server.base, files_base=server.base))


def _obtain(account: Account, report_type: str = "a.1", warnings: list[str] | None = None) -> ObtainedRun:
    attempts = Attempts(WantedRun(report_type, {}, _COLUMNS, data_ready_by=0))
    warn = ([] if warnings is None else warnings).append
    return obtain_run(account, attempts, MadeRuns(), LandingSettings(), warn)


@pytest.mark.parametrize(
    ("refusal", "dropped"),
    [
        (refused("The column 'net' is not available for the report type a.1."), ("net",)),
        (refused("Invalid columns: net, fee. Valid columns are: net_amount, id."), ("net", "fee")),
        (refused("Unknown column.", param="parameters[columns][2]"), ("fee",)),
        (refused("No metadata column payment_metadata[fee]."), ("payment_metadata[fee]",)),
    ],
)
def test_a_refused_column_is_left_out_with_a_warning(
    account: Account, server: ScriptedServer, refusal: Answer, dropped: tuple[str, ...]
) -> None:
    server.answers("POST", RUNS, refusal, made())
    warnings: list[str] = []
    obtained = _obtain(account, warnings=warnings)
    rest = [column for column in _COLUMNS if column not in dropped]
    assert (obtained.dropped_columns, list(obtained.columns)) == (dropped, rest)
    assert asked_columns(server) == [list(_COLUMNS), rest]
    (warning,) = warnings
    assert all(column in warning for column in dropped)


def test_one_after_the_other_may_be_refused_and_each_is_remembered(
    account: Account, server: ScriptedServer
) -> None:
    refusals = [refused(f"The column '{name}' is not available.") for name in ("net", "fee")]
    server.answers("POST", RUNS, *refusals, made())
    _obtain(account)
    assert _obtain(account).dropped_columns == ("net", "fee")
    assert len(server.asked) == 4, "the second run asks for no column that was refused"


def test_another_report_type_may_know_what_this_one_does_not(
    account: Account, server: ScriptedServer
) -> None:
    server.answers("POST", RUNS, refused("The column 'net' is not available."), made())
    _obtain(account)
    assert _obtain(account, "b.1").dropped_columns == ()


@pytest.mark.parametrize(
    "refusal",
    [
        refused("Something is wrong with the columns."),
        refused("Not available: net, net_amount, fee, payment_metadata[fee]."),
        refused("Bad currency; net is fine.", param="parameters[currency]"),
    ],
    ids=["names none", "names all", "is about something else"],
)
def test_a_refusal_that_names_no_single_column_is_a_failure(
    account: Account, server: ScriptedServer, refusal: Answer
) -> None:
    server.answers("POST", RUNS, refusal)
    with pytest.raises(StripeRequestError, match="Stripe refused the request"):
        _obtain(account)
    assert len(server.asked) == 1


def test_a_column_that_another_thread_has_dropped_meanwhile_is_not_dropped_from_this_run(
    account: Account, server: ScriptedServer
) -> None:
    def answer(asked: Asked) -> Answer:
        account.rejected_columns["a.1"].add("fee")
        return made()(asked)

    server.answers("POST", RUNS, answer)
    obtained = _obtain(account)
    assert (obtained.columns, obtained.dropped_columns) == (_COLUMNS, ())


def test_the_run_without_the_refused_columns_has_the_key_that_all_give_it(
    account: Account, server: ScriptedServer
) -> None:
    server.answers("POST", RUNS, refused("The column 'net' is not available."), made())
    _obtain(account)
    _obtain(account)  # it knows by now
    first, second, third = keys(server)
    assert first != second == third
