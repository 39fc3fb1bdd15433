"""RESULTS.md: one page, of which each benchmark writes its own section."""

from __future__ import annotations

import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")

HEADINGS = ("# Results", "## Backfill", "## Reconciliation")
"""What each section begins with, in the order of the page. `# Results` is that of landing."""


def write_section(page: Path, section: str) -> None:
    """Put the section into the page, instead of the one with its heading; the others stay as they are."""
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(with_section(old, section), encoding="utf-8")


def with_section(page: str, section: str) -> str:
    """The same for the page's text. Between two sections stands one empty line."""
    sections = _sections(page) | _sections(section)
    unknown = [heading for heading in sections if heading not in HEADINGS]
    texts = [sections[heading].strip("\n") for heading in (*HEADINGS, *unknown) if heading in sections]
    return "\n\n".join(text for text in texts if text) + "\n"


def _sections(page: str) -> dict[str, str]:
    """By heading; what stands before the first one, by its own first line."""
    texts = re.split(r"^(?=##? )", page, flags=re.MULTILINE)
    return {text.partition("\n")[0]: text for text in texts if text}
