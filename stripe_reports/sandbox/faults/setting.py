"""Settings of faults and tamperings, from the text of a command line or from values in Python or JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from stripe_reports.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting. `read` raises ValueError with what is expected; `default` applies if nothing is given."""

    read: Callable[[str], Any]
    default: Any = None
    required: bool = False


Settings = Mapping[str, Setting]


def read_settings(what: str, known: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for each known setting. Raises ConfigurationError, whose message starts with `what`."""
    for name in given:
        if name not in known:
            raise ConfigurationError(f"{what} has no setting {name!r}; it takes {', '.join(known)}")
    return {name: _value(what, name, setting, given.get(name)) for name, setting in known.items()}


def _value(what: str, name: str, setting: Setting, given: Any) -> Any:
    if given is None:
        if setting.required:
            raise ConfigurationError(f"{what} needs {name}={_expected(setting)}")
        return setting.default
    if isinstance(given, bool) or not isinstance(given, str | int | float | date):
        raise ConfigurationError(f"{what}: {name} must be text or a number, not {given!r}")
    try:
        return setting.read(str(given))
    except ValueError as error:
        raise ConfigurationError(f"{what}: {name} must be {error}, not {str(given)!r}") from None


def _expected(setting: Setting) -> str:
    try:
        setting.read("")
    except ValueError as error:
        return f"<{error}>"
    return "<text>"


def number(default: float | None, *, least: float = 0.0, most: float | None = None) -> Setting:
    """Return a setting for a number from `least` to `most`."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value) or value < least or (most is not None and value > most):
            raise ValueError(_range("a number", least, most))
        return value

    return Setting(read, default)


def whole(default: int | None, *, least: int | None = 0) -> Setting:
    """Return a setting for a whole number, not below `least`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError(_range("a whole number", least, None)) from None
        if least is not None and value < least:
            raise ValueError(_range("a whole number", least, None))
        return value

    return Setting(read, default)


def _range(what: str, least: float | None, most: float | None) -> str:
    bounds = [f"{word} {bound:g}" for word, bound in (("from", least), ("to", most)) if bound is not None]
    return " ".join([what, *bounds])


def one_of(*words: str) -> Setting:
    """Return a setting for one of these words; the first is the default."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(" or ".join(words))
        return text

    return Setting(read, words[0])


def one_number_of(default: int, *others: int) -> Setting:
    """Return a setting for one of these numbers."""
    known = one_of(*map(str, sorted((default, *others))))
    return Setting(lambda text: int(known.read(text)), default)


def one_of_or_none(*words: str) -> Setting:
    """Return a setting for one of these words, or nothing."""
    return Setting(one_of(*words).read)


def words(default: str | None) -> Setting:
    """Return a setting for any text."""
    return Setting(str, default)


def a_day() -> Setting:
    """Return a setting for a required day, `YYYY-MM-DD`."""

    def read(text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError("a day such as 2025-06-30") from None

    return Setting(read, required=True)
