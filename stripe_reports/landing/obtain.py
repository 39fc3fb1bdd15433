"""A report run made, with the columns that the account's version of the report knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stripe_reports.errors import StripeRequestError
from stripe_reports.stripe_api import Account, ReportRun, RunParameters, create_report_run

# What comes behind these words in Stripe's answer may be a list of the columns that it does know.
_WHAT_IT_KNOWS = re.compile(r"\b(valid|allowed|supported|permitted|known|one of)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ObtainedRun:
    """A run that was made: `columns` were asked for, `dropped_columns` would have been and are not known."""

    run: ReportRun
    columns: tuple[str, ...]
    dropped_columns: tuple[str, ...]


def obtain_run(
    account: Account,
    report_type: str,
    parameters: RunParameters,
    columns: Sequence[str],
    warn: Callable[[str], None],
) -> ObtainedRun:
    """Create a report run; a column that Stripe refuses is left out, with a warning, and the rest asked for.

    Versions of a report differ between accounts, and the catalog cannot know them all. Raises as
    `create_report_run` does for any other refusal, and where Stripe does not say which column it means.
    """
    rejected = account.rejected_columns[report_type]
    while True:
        asked = tuple(column for column in columns if column not in rejected)
        sent = {**parameters, "columns": list(asked)} if asked else parameters
        try:
            run = create_report_run(account.api, report_type, sent)
        except StripeRequestError as error:
            refused = _refused_columns(error, asked)
            if not refused:
                raise
            rejected |= refused
            warn(f"{report_type}: this account's version has no {', '.join(sorted(refused))}; left out")
        else:
            dropped = tuple(column for column in columns if column in rejected)
            return ObtainedRun(run, asked, dropped)


def _refused_columns(error: StripeRequestError, asked: Sequence[str]) -> set[str]:
    """Which of the columns the refusal is about; none if it is about something else, or about all of them."""
    if not asked or "columns" not in (error.param or ""):
        return set()
    index = re.fullmatch(r"parameters\[columns\]\[(\d+)\]", error.param or "")
    if index and int(index[1]) < len(asked):
        return {asked[int(index[1])]}
    said = error.what.partition(": ")[2]
    about = said[: known.start()] if (known := _WHAT_IT_KNOWS.search(said)) else said
    named = {column for column in asked if re.search(rf"(?<![\w\[]){re.escape(column)}(?![\w\[])", about)}
    return named if len(named) < len(asked) else set()
