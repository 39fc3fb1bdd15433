"""Parts of messages."""

from __future__ import annotations

import pytest

from stripe_reports.wording import some


@pytest.mark.parametrize(
    ("items", "most", "text"),
    [([], 2, ""), (["a"], 2, "a"), (["a", "b"], 2, "a, b"), (["a", "b", "c"], 2, "a, b and 1 more")],
)
def test_some_names_the_first_and_counts_the_others(items: list[str], most: int, text: str) -> None:
    assert some(items, most) == text
