"""Stripe's own library against the sandbox: if it is content, the objects are Stripe's."""

from __future__ import annotations

import httpx
import pytest
import stripe

from stripe_reports.sandbox import Sandbox
from stripe_reports_tests.sandbox.support import DAY, NOW, START, midnight

FIRST = midnight(START)


@pytest.fixture(scope="module")
def sdk(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(
        sandbox.key,
        base_addresses={"api": sandbox.api_base, "files": sandbox.files_base},
        max_network_retries=0,
    )


def test_create_wait_and_read(sdk: stripe.StripeClient, sandbox: Sandbox) -> None:
    run = sdk.v1.reporting.report_runs.create(
        {
            "report_type": "balance_change_from_activity.itemized.3",
            "parameters": {
                "interval_start": FIRST,
                "interval_end": FIRST + DAY,
                "columns": ["balance_transaction_id", "net"],
            },
        }
    )
    assert run.status == "pending"
    run = sdk.v1.reporting.report_runs.retrieve(run.id)
    assert run.status == "succeeded"
    assert run.result
    assert run.succeeded_at == int(NOW)
    assert run.result.url
    content = httpx.get(run.result.url, auth=(sandbox.key, "")).content
    assert content.startswith(b'"balance_transaction_id","net"\n"txn_')
    assert len(content) == run.result.size


def test_lists_page_by_themselves(sdk: stripe.StripeClient) -> None:
    for _ in range(7):
        sdk.v1.reporting.report_runs.create(
            {
                "report_type": "payouts.summary.1",
                "parameters": {"interval_start": FIRST, "interval_end": FIRST + 9 * DAY},
            }
        )
    ids = [run.id for run in sdk.v1.reporting.report_runs.list({"limit": 3}).auto_paging_iter()]
    assert len(ids) == len(set(ids)) >= 7


def test_types_account_events_and_links(sdk: stripe.StripeClient) -> None:
    types = sdk.v1.reporting.report_types.list().data
    assert "balance.summary.1" in {each.id for each in types}
    assert sdk.v1.reporting.report_types.retrieve("balance.summary.1").data_available_start == FIRST
    assert sdk.v1.accounts.retrieve_current().id.startswith("acct_")
    events = sdk.v1.events.list({"type": "reporting.report_run.succeeded"}).data
    file = events[0].data.object["result"]["id"]
    link = sdk.v1.file_links.create({"file": file, "metadata": {"a": "b"}})
    assert link.url
    assert sdk.v1.files.retrieve(file).links.data[0].id == link.id  # type: ignore[union-attr]


def test_refusals_become_the_librarys_errors(sdk: stripe.StripeClient, sandbox: Sandbox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param") as refused:
        sdk.v1.reporting.report_runs.create({"report_type": "balance.summary.1"})
    assert refused.value.param == "parameters[interval_start]"
    assert refused.value.request_id
    stranger = stripe.StripeClient("sk_test_stranger", base_addresses={"api": sandbox.api_base})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        stranger.v1.accounts.retrieve_current()


def test_an_idempotency_key_of_the_library(sdk: stripe.StripeClient) -> None:
    params: stripe.params.reporting.ReportRunCreateParams = {
        "report_type": "balance.summary.1",
        "parameters": {"interval_start": FIRST, "interval_end": FIRST + DAY},
    }
    once, again = (
        sdk.v1.reporting.report_runs.create(params, {"idempotency_key": "the library's"}) for _ in range(2)
    )
    assert once.id == again.id
    params["parameters"] = {"interval_start": FIRST, "interval_end": FIRST + 2 * DAY}
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.reporting.report_runs.create(params, {"idempotency_key": "the library's"})
