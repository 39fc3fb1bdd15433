from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.page import RESULTS, with_section, write_section

_LANDING = "# Results\n\n| a | b |\n|---|---|\n\n- Day: 1\n"
_BACKFILL = "## Backfill\n\nText.\n\n- Day: 2\n"
_BOTH = f"{_LANDING}\n{_BACKFILL}"


@pytest.mark.parametrize(
    ("page", "section"),
    [
        ("", _LANDING),
        (_LANDING, _BACKFILL),
        (_BACKFILL, _LANDING),
        (_BOTH, _LANDING),
        (_BOTH, _BACKFILL),
    ],
)
def test_a_section_has_its_place_whichever_comes_first(page: str, section: str) -> None:
    assert with_section(page, section) == (_BOTH if page else section)


@pytest.mark.parametrize("section", ["# Results\n\nNew.\n", "## Backfill\n\nNew.\n"])
def test_the_other_section_of_the_real_page_stays_byte_for_byte(tmp_path: Path, section: str) -> None:
    landing, heading, backfill = RESULTS.read_bytes().partition(b"## Backfill\n")
    assert backfill, "the page has both"
    page = tmp_path / "RESULTS.md"
    page.write_bytes(RESULTS.read_bytes())
    write_section(page, section)
    after = page.read_bytes()
    assert section.encode() in after
    assert (heading + backfill if section.startswith("# ") else landing) in after
    assert after.count(b"## Backfill\n") == 1
    assert after.count(b"# Results\n") == 1


def test_a_heading_that_nobody_knows_is_kept() -> None:
    more = "## Something else\n\nText.\n"
    assert with_section(f"{_BOTH}\n{more}", _BACKFILL) == f"{_BOTH}\n{more}"
