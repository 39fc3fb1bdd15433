"""The project's Markdown pages and the code blocks in them, read once."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent.parent
README = CHECKOUT / "README.md"
PAGES = {
    path.relative_to(CHECKOUT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(
        [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("benchmarks/*.md")]
    )
}
"""Text by path, such as `docs/settings.md`."""

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command of a shell block, without comments."""
        lines = shlex.shlex(self.text.replace("\\\n", " "), posix=True, punctuation_chars="\n")
        lines.whitespace, lines.whitespace_split = " \t", True
        lines.commenters = ""  # shlex would take a comment's newline with it
        commands: list[list[str]] = [[]]
        for word in lines:
            if word.strip("\n"):
                commands[-1].append(word)
            else:
                commands.append([])
        return [list(takewhile(lambda word: word != "#", words)) for words in commands if words]


BLOCKS = [
    Block(
        page,
        text[: match.start()].count("\n") + 1,
        match[2],
        re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE),
    )
    for page, text in PAGES.items()
    for match in _FENCE.finditer(text)
]


def blocks(language: str) -> list[Block]:
    """Return the blocks in a language."""
    return [block for block in BLOCKS if block.language == language]


def stripe_reports_commands(name: str) -> list[list[str]]:
    """Return the arguments of each `stripe-reports NAME` that stands alone on its line."""
    return [
        words[1:]
        for block in blocks("sh")
        for words in block.commands
        if words[:2] == [".venv/bin/stripe-reports", name]
    ]


def block_with(text: str) -> Block:
    """Return the only shell block that contains the text."""
    (found,) = (block for block in blocks("sh") if text in block.text)
    return found
