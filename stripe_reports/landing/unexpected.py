"""Errors for exceptions that the code does not expect."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import stripe_reports
from stripe_reports.errors import StripeReportsError, UnexpectedError

_PACKAGE = Path(stripe_reports.__file__).parent
_LONGEST_TEXT = 300


def error_of(
    raised: BaseException, redact: Callable[[str], str], *, hides_texts: bool = False
) -> StripeReportsError:
    """Return the exception itself if it is one of ours, or else an UnexpectedError.

    With `hides_texts`, it shows the types of the exceptions and their places, but none of their texts.
    Re-raises what ends a process or a thread (KeyboardInterrupt, SystemExit, Dagster's interrupt).
    """
    if isinstance(raised, StripeReportsError):
        return raised
    name = type(raised).__name__
    # A panic in Rust code (obstore, pydantic) is no Exception, but ends only its own call.
    if not isinstance(raised, Exception) and name != "PanicException":
        raise raised
    text = "" if hides_texts else " ".join(redact(str(raised)).split())
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}…"
    said = f"{name}: {text}" if text else name
    where = f"stripe_reports {stripe_reports.__version__}, {_place(raised)}"
    if isinstance(raised, MemoryError):
        what = f"out of memory ({said}; {where}); give the process more memory, or land fewer days at once"
    else:
        what = (
            f"unexpected {said} ({where}); this is a bug: please report it with this line and the traceback"
            " from the log"
        )
    error = UnexpectedError(what)
    if hides_texts:
        error.trace = "".join([*traceback.format_tb(raised.__traceback__), name])
        return error
    error.trace = redact("".join(traceback.format_exception(raised))).rstrip()
    error.__cause__ = raised
    return error


def _place(raised: BaseException) -> str:
    """Return the file and line of our code that is nearest to where it was raised."""
    for frame in reversed(traceback.extract_tb(raised.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_PACKAGE):
            return f"{path.relative_to(_PACKAGE).as_posix()}:{frame.lineno}"
    return "outside of its own code"
