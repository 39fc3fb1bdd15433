"""Links between the project's pages."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from stripe_reports_tests.docs.pages import CHECKOUT, PAGES

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^ *```.*?^ *```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", _without_blocks(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _without_blocks(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)


def _broken(page: str, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    links = [link for link in _LINK.findall(_CODE.sub("", text)) if not re.match(r"https?://", link)]
    return [link for link in links if not _leads_somewhere(page, link)]


def _leads_somewhere(page: str, link: str) -> bool:
    name, _, anchor = link.partition("#")
    path = (CHECKOUT / PurePosixPath(page).parent / name).resolve() if name else CHECKOUT / page
    if not path.exists() or not path.is_relative_to(CHECKOUT.resolve()):
        return False
    return not anchor or anchor in _anchors(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    assert _broken(page, PAGES[page]) == []


@pytest.mark.parametrize("target", ["docs/none.md", "docs/settings.md#none", "#none", "../../etc"])
def test_a_broken_link_is_found(target: str) -> None:
    assert _broken("README.md", f"[x]({target})") == [target]


def test_a_link_in_code_is_none() -> None:
    assert _broken("README.md", "`[x](none)`\n```text\n[y](none)\n```\n[z](docs/settings.md#variables)") == []
