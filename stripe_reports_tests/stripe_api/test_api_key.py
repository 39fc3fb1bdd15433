"""A key stands in no text, in whatever form a server repeats it."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_reports.stripe_api.api_key import mode_of, redact

_SECRET = "51Hx+y/Zq9vKeTt0123?ÿ~"[:19]
_KEYS = [f"sk_test_{_SECRET}", f"rk_live_{_SECRET}", _SECRET]


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        ("sk_live_1", "live"),
        ("rk_live_1", "live"),
        ("sk_test_1", "test"),
        ("rk_test_1", "test"),
        ("pk_live_1", None),
        ("sk_1_live_", None),
        ("", None),
    ],
)
def test_the_prefix_says_the_mode(key: str, mode: str | None) -> None:
    assert mode_of(key) == mode


@pytest.mark.parametrize("key", _KEYS)
@pytest.mark.parametrize(
    "form",
    [
        str,
        str.upper,
        lambda key: quote(key, safe=""),
        lambda key: quote(key, safe="").replace("_", "%5f"),
        lambda key: "".join(f"\\u{ord(c):04X}" for c in key),
        lambda key: json.dumps({"key": key}),
        lambda key: b64encode(f"{key}:".encode()).decode(),
    ],
    ids=["plain", "upper case", "quoted", "quoted wholly", "escaped", "in JSON", "Basic"],
)
def test_no_form_of_the_key_is_left(key: str, form: object) -> None:
    assert callable(form)
    shown = redact(f"No, {form(key)} is wrong", key)
    assert shown != f"No, {form(key)} is wrong"
    for start in range(len(_SECRET) - 3):
        for part in (_SECRET[start : start + 4], b64encode(_SECRET[start : start + 6].encode()).decode()):
            assert part.lower() not in shown.lower()


@pytest.mark.parametrize("key", ["sk_test_51HxSECRET", "rk_live_51HxSECRET"])
def test_only_the_public_prefix_is_shown(key: str) -> None:
    assert redact(f"No, {key}!", key) == f"No, {key[:8]}…!"


def test_of_a_key_without_a_known_prefix_nothing_is_shown() -> None:
    assert redact("No, old-SECRETSECRET!", "old-SECRETSECRET") == "No, …!"


def test_the_secret_alone_is_the_key_too() -> None:
    assert redact("No, 51HxSECRET!", "sk_test_51HxSECRET") == "No, sk_test_…!"


def test_a_text_without_the_key_is_left_alone() -> None:
    said = "Invalid API Key provided: sk_test_****ECRE, x=51Hx, c2tfdGVzdF8="
    assert redact(said, "sk_test_51HxSECRET") == said
    assert redact(said, "sk_test_x") == said, "a secret of one letter is no reason to drop each x"
    assert redact(said, "") == said


@given(before=st.binary(max_size=7), after=st.binary(max_size=7), urlsafe=st.booleans())
def test_base64_of_a_text_with_the_key_in_it_is_dropped(before: bytes, after: bytes, urlsafe: bool) -> None:
    key = _KEYS[0]
    encode = urlsafe_b64encode if urlsafe else b64encode
    sent = encode(before + key.encode() + after).decode()
    shown = redact(f"<{sent}>", key)
    assert shown.endswith("…>")
    assert len(shown) <= len("<…>") + (len(before) + len("sk_test_")) * 4 // 3 + 1
