"""The page of all error messages, for review. `python -m stripe_reports_tests.error_messages` writes it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import stripe_reports
from stripe_reports import errors

_ROOT = Path(stripe_reports.__file__).parent
PAGE = _ROOT.parent / "docs" / "error-messages.md"

_HEAD = (
    "# Error messages\n\n"
    "Every message that the package raises itself, by error class. The parts in braces are filled in. Each"
    " message is one line, which begins with the account, report type, day and report run that it is"
    " about.\n\n"
    "This page is for review: when a message changes, a test asks to write the page again with"
    " `.venv/bin/python -m stripe_reports_tests.error_messages`.\n"
)
_NAMES = [
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.StripeReportsError)
]


def messages() -> Iterator[tuple[str, str, str]]:
    """Yield the class, the file and the message of each error that is raised with a literal message."""
    for path in sorted(_ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name in _NAMES and (text := _template(node.args[0])):
                yield name, path.relative_to(_ROOT).as_posix(), text


def page() -> str:
    """Return the page."""
    found = sorted(set(messages()))
    parts = [_HEAD]
    for name in _NAMES:
        own = [(file, text) for each, file, text in found if each == name]
        if own:
            rows = "\n".join(f"| `{file}` | {_cell(text)} |" for file, text in own)
            parts.append(f"## {name}\n\n| raised in | message |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def _template(node: ast.expr) -> str:
    """Return the message with its parts in braces; nothing for one that is computed elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "{…}" for each in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _template(left) + _template(right)
    return ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("`", "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
