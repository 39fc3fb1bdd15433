"""Form-encoded parameters with brackets, as Stripe takes them in queries and bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from stripe_reports.sandbox.http.error import Refusal, unknown

Params = dict[str, Any]
"""The parameters by name: text, nested `Params`, or a list of text."""

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")


def parse(encoded: str) -> Params:
    """Parse `a=1&b[c]=2&d[0]=x&e[]=y` as `{a: "1", b: {c: "2"}, d: ["x"], e: ["y"]}`. Raises Refusal."""
    params: Params = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        whole = _NAME.fullmatch(name)
        if whole is None:
            raise Refusal(f"Invalid parameter name: {name}", param=name)
        path = [whole[1], *_BRACKET.findall(whole[2])]
        level = params
        for part in path[:-1]:
            level = level.setdefault(part, {})
            if not isinstance(level, dict):
                raise Refusal(f"Invalid hash: {name}", param=name)
        level[path[-1] or str(len(level))] = value
    return {name: _with_lists(value) for name, value in params.items()}


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(key.isdecimal() for key in value):
        return [_with_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _with_lists(each) for key, each in value.items()}


def only(params: Mapping[str, Any], *names: str) -> None:
    """Raise Refusal for a parameter that is not one of these; `expand` is always accepted."""
    for name in params:
        if name not in (*names, "expand"):
            raise unknown(name)


def text(params: Mapping[str, Any], name: str, *, param: str | None = None) -> str | None:
    """Return a text parameter, None if it was not sent."""
    value = params.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Refusal(f"Invalid string: {value}", param=param or name)


def integer(params: Mapping[str, Any], name: str, *, param: str | None = None) -> int | None:
    """Return an integer parameter, None if it was not sent."""
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}", value):
        return int(value)
    raise Refusal(f"Invalid integer: {value}", param=param or name, code="parameter_invalid_integer")


def texts(params: Mapping[str, Any], name: str, *, param: str | None = None) -> list[str] | None:
    """Return a list of texts, None if it was not sent."""
    value = params.get(name)
    if value is None or (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        return value
    raise Refusal("Invalid array", param=param or name)


def mapping(params: Mapping[str, Any], name: str) -> Params:
    """Return nested parameters, empty if they were not sent."""
    value = params.get(name, {})
    if isinstance(value, dict):
        return value
    raise Refusal("Invalid hash", param=name)
