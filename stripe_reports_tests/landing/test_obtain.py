"""A column that the account's version of a report does not know is left out, and told."""

from __future__ import annotations

import pytest

from stripe_reports.errors import StripeRequestError
from stripe_reports.landing.obtain import obtain_run
from stripe_reports.stripe_api import Account, StripeApi
from stripe_reports_tests.scripted_server import Answer, ScriptedServer, stripe_error

_RUNS = "/v1/reporting/report_runs"
_MADE = Answer(
    {
        "object": "reporting.report_run", "id": "frr_1", "report_type": "a.1", "status": "pending",
        "livemode": False, "created": 7, "error": None, "parameters": {}, "result": None,
    }
)  # fmt: skip
_COLUMNS = ("net", "net_amount", "fee", "payment_metadata[fee]")


@pytest.fixture
def account(server: ScriptedServer) -> Account:
    return Account(StripeApi("sk_test_x", api_base=server.base, files_base=server.base))


def _refused(message: str, param: str = "parameters[columns]") -> Answer:
    return Answer(stripe_error(message, param=param), 400)


def _asked_columns(server: ScriptedServer) -> list[list[str]]:
    return [
        [value for name, (value,) in asked.form.items() if name.startswith("parameters[columns]")]
        for asked in server.asked_for("POST", _RUNS)
    ]


@pytest.mark.parametrize(
    ("refusal", "dropped"),
    [
        (_refused("The column 'net' is not available for the report type a.1."), ("net",)),
        (_refused("Invalid columns: net, fee. Valid columns are: net_amount, id."), ("net", "fee")),
        (_refused("Unknown column.", param="parameters[columns][2]"), ("fee",)),
        (_refused("No metadata column payment_metadata[fee]."), ("payment_metadata[fee]",)),
    ],
)
def test_a_refused_column_is_left_out_with_a_warning(
    account: Account, server: ScriptedServer, refusal: Answer, dropped: tuple[str, ...]
) -> None:
    server.answers("POST", _RUNS, refusal, _MADE)
    warnings: list[str] = []
    made = obtain_run(account, "a.1", {}, _COLUMNS, warnings.append)
    rest = [column for column in _COLUMNS if column not in dropped]
    assert (made.dropped_columns, list(made.columns)) == (dropped, rest)
    assert _asked_columns(server) == [list(_COLUMNS), rest]
    (warning,) = warnings
    assert all(column in warning for column in dropped)


def test_one_after_the_other_may_be_refused_and_each_is_remembered(
    account: Account, server: ScriptedServer
) -> None:
    refusals = [_refused(f"The column '{name}' is not available.") for name in ("net", "fee")]
    server.answers("POST", _RUNS, *refusals, _MADE)
    obtain_run(account, "a.1", {}, _COLUMNS, lambda _: None)
    again = obtain_run(account, "a.1", {}, _COLUMNS, lambda _: None)
    assert again.dropped_columns == ("net", "fee")
    assert len(server.asked) == 4, "the second run asks for no column that was refused"


def test_another_report_type_may_know_what_this_one_does_not(
    account: Account, server: ScriptedServer
) -> None:
    server.answers("POST", _RUNS, _refused("The column 'net' is not available."), _MADE)
    obtain_run(account, "a.1", {}, _COLUMNS, lambda _: None)
    assert obtain_run(account, "b.1", {}, _COLUMNS, lambda _: None).dropped_columns == ()


@pytest.mark.parametrize(
    "refusal",
    [
        _refused("Something is wrong with the columns."),
        _refused("Not available: net, net_amount, fee, payment_metadata[fee]."),
        _refused("Bad currency; net is fine.", param="parameters[currency]"),
    ],
    ids=["names none", "names all", "is about something else"],
)
def test_a_refusal_that_names_no_single_column_is_a_failure(
    account: Account, server: ScriptedServer, refusal: Answer
) -> None:
    server.answers("POST", _RUNS, refusal)
    with pytest.raises(StripeRequestError, match="Stripe refused the request"):
        obtain_run(account, "a.1", {}, _COLUMNS, lambda _: None)
    assert len(server.asked) == 1
