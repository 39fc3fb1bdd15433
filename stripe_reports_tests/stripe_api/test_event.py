"""What a webhook's body is worth: whose it is, how old it is, and what it tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.errors import WebhookError
from stripe_reports.stripe_api import Event, ResultFile, parse_event, read_event
from stripe_reports_tests.events import SECRET, body_of, event_object, run_object, signature_of

BODY = body_of(event_object())
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def test_an_event_of_a_report_run_tells_the_run_as_it_was() -> None:
    event = read_event(BODY, signature_of(BODY), [SECRET])
    assert (event.id, event.type, event.created) == ("evt_1", "reporting.report_run.succeeded", 11)
    assert (event.livemode, event.account, event.report_type) == (False, None, "balance.summary.1")
    run = event.report_run
    assert run is not None
    assert (run.id, run.status, run.created, run.succeeded_at, run.error) == (
        "frr_1",
        "succeeded",
        7,
        9,
        None,
    )
    assert run.parameters == {"interval_start": 0, "interval_end": 86400, "columns": ["net"]}
    assert run.result == ResultFile("file_frr_1", 3, 5, "x.csv")


def test_a_failed_run_tells_its_error_and_has_no_result() -> None:
    event = parse_event(body_of(event_object("reporting.report_run.failed", account="acct_1")))
    assert event.account == "acct_1"
    assert event.report_run is not None
    assert (event.report_run.error, event.report_run.result) == ("It broke.", None)
    assert event.report_run.succeeded_at is None


def test_new_data_tell_their_report_type() -> None:
    event = parse_event(body_of(event_object("reporting.report_type.updated")))
    assert (event.report_type, event.report_run) == ("balance.summary.1", None)


def test_an_event_of_something_else_is_an_event() -> None:
    event = parse_event(body_of(event_object("customer.created")))
    assert (event.type, event.report_type, event.report_run) == ("customer.created", None, None)


def test_each_of_several_secrets_is_tried() -> None:
    assert read_event(BODY, signature_of(BODY, "whsec_old"), [SECRET, "whsec_old"]).id == "evt_1"


def test_a_header_with_two_signatures_of_a_rolled_secret_is_accepted_by_either() -> None:
    stamp, old = signature_of(BODY, "whsec_old").split(",")
    _, new = signature_of(BODY, SECRET).split(",")
    for header in (f"{stamp},{old},{new}", f"{stamp},{new},v0=abc,{old}"):
        assert read_event(BODY, header, [SECRET]).id == "evt_1"
        assert read_event(BODY, header, ["whsec_old"]).id == "evt_1"


def test_a_stamp_of_four_minutes_ago_is_accepted_and_one_of_ten_is_not() -> None:
    assert read_event(BODY, signature_of(BODY, age=240), [SECRET]).id == "evt_1"
    with pytest.raises(WebhookError, match="older than 300 seconds"):
        read_event(BODY, signature_of(BODY, age=600), ["whsec_other", SECRET])


def test_a_stamp_four_minutes_ahead_is_accepted_and_one_of_an_hour_is_not() -> None:
    assert read_event(BODY, signature_of(BODY, age=-240), [SECRET]).id == "evt_1"
    with pytest.raises(WebhookError, match="dated more than 300 seconds ahead"):
        read_event(BODY, signature_of(BODY, age=-3600), [SECRET])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda header: "", "the header Stripe-Signature is missing"),
        (lambda header: signature_of(BODY, "whsec_other"), "none of the webhook secrets"),
        (lambda header: header.replace("v1=", "v0="), "none of the webhook secrets"),
        (lambda header: header.partition(",")[0], "none of the webhook secrets"),
        (lambda header: header[:-1], "none of the webhook secrets"),
        (lambda header: header + "ä", "none of the webhook secrets"),
        (lambda header: "nonsense", "none of the webhook secrets"),
    ],
)
def test_a_signature_that_is_none_is_refused_in_one_line_without_a_secret(
    damage: Callable[[str], str], said: str
) -> None:
    with pytest.raises(WebhookError, match=said) as refused:
        read_event(BODY, damage(signature_of(BODY)), [SECRET])
    assert "\n" not in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_body_that_was_changed_on_its_way_is_refused() -> None:
    with pytest.raises(WebhookError, match="none of the webhook secrets"):
        read_event(BODY + b" ", signature_of(BODY), [SECRET])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xff", "it is not UTF-8"),
        (b"{", "it is not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5000, "body is not a Stripe event"),
        (b"[]", "it is not an event"),
        (b'"event"', "it is not an event"),
        (b'{"object": "v2.core.event", "type": "v1.x"}', "set the endpoint to send snapshots"),
        (b'{"version": "0", "detail": ' + BODY + b"}", "it is not an event"),
        (body_of(event_object(id="../../x")), "its id is not made of letters"),
        (body_of(event_object(id="evt_1\n")), "its id is not made of letters"),
        (body_of(event_object(created=True)), "its created is true or false, not a whole number"),
        (body_of(event_object(created=1.5)), "its created is a decimal number, not a whole number"),
        (body_of(event_object(livemode=None)), "its livemode is null, not true or false"),
        (body_of(event_object(data=None)), "its data is null, not an object"),
        (body_of(event_object(subject=None)), "its object is null, not an object"),
        (body_of(event_object(subject={"object": "customer", "id": "cus_1"})), "it is not a report run"),
        (body_of(event_object(subject=run_object(parameters=[]))), "its parameters is a list, not an object"),
        (body_of(event_object(subject=run_object(result="file_1"))), "its result is a text, not an object"),
        (
            body_of(event_object(subject=run_object(succeeded_at="9"))),
            "its succeeded_at is a text, not a whole number",
        ),
    ],
)
def test_a_body_that_is_no_event_is_refused_in_one_line(body: bytes, said: str) -> None:
    with pytest.raises(WebhookError, match=said) as refused:
        parse_event(body)
    assert "\n" not in str(refused.value)


def _is_event_or_refused(body: bytes) -> None:
    refused = ""
    event = None
    try:
        event = parse_event(body)
    except WebhookError as error:
        refused = str(error)
    assert (event is None) == refused.startswith("the body is not a Stripe event: ")
    assert refused.isprintable()
    if event is not None:
        assert isinstance(event, Event)
        assert (event.id.isascii(), type(event.created)) == (True, int)


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_an_event_or_refused(body: bytes) -> None:
    _is_event_or_refused(body)


_PLACES = [(), ("data",), ("data", "object"), ("data", "object", "result")]


@given(st.data(), st.sampled_from(_PLACES), _JSON)
def test_an_event_with_any_field_replaced_is_an_event_or_refused(
    data: st.DataObject, place: tuple[str, ...], value: Any
) -> None:
    event = deepcopy(event_object())
    inner = event
    for name in place:
        inner = inner[name]
    inner[data.draw(st.sampled_from(sorted(inner)))] = value
    _is_event_or_refused(json.dumps(event).encode())


@given(st.text() | st.text().map(lambda text: f"t={text},v1={text}"))
def test_any_other_signature_is_refused(header: str) -> None:
    with pytest.raises(WebhookError):
        read_event(BODY, header, [SECRET])
