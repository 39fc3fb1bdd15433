"""Docstrings and messages are plain English: the worst does not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from stripe_reports.catalog import REPORT_TYPES, column_description
from stripe_reports_tests.each_file import each_file
from stripe_reports_tests.error_messages import PAGE, page

_PROPERTIES = {"property", "cached_property", "functools.cached_property"}
_Function = ast.FunctionDef | ast.AsyncFunctionDef

# First words of docstrings that are no verb and no name of a thing.
_NO_VERBS = (
    "a|an|the|this|that|these|those|its|what|which|who|how|when|where|whether|why|if|as|at|by|for|from|in|of|on"
    "|to|with|all|any|each|every|some|none|no|one|same|texts?|days?"
)
_NO_VERB = re.compile(rf"({_NO_VERBS})\b", re.IGNORECASE)
_FRAGMENT = re.compile(r"(of|for|to|by|from|as|at|in|on|with|that|where|if) ", re.IGNORECASE)
# What a reader would not say today, and names that were replaced by plain ones.
_NOT_PLAIN = re.compile(
    r"asks? again by itself|asked for again|set right|nobody has foreseen|nothing is lost by that"
    r"|is of none\b|cannot be looked for|that one counts on|stripe_is_in_trouble|account_in_haste"
    r"|\bOddities\b|\bTold\b|\bgiven_run\b|\bgo_on\b"
)


def _described(path: Path) -> Iterator[tuple[ast.AST, str, str]]:
    """Each node of the file that has a docstring, with its place and the docstring's first line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Module | ast.ClassDef | _Function) and (text := ast.get_docstring(node)):
            yield node, f"{path}:{getattr(node, 'lineno', 1)}", text


@each_file
def test_a_docstring_begins_with_a_sentence(path: Path) -> None:
    for _, place, text in _described(path):
        sentence = text.split("\n\n")[0]
        assert sentence[-1] in ".:`", f"{place}: {sentence!r} does not end"
        assert sentence[0].isupper() or sentence[0] == "`", f"{place}: {sentence!r} begins small"
        assert not _FRAGMENT.match(sentence), f"{place}: {sentence!r} is a fragment"


@each_file
def test_the_docstring_of_a_function_begins_with_a_verb(path: Path) -> None:
    for node, place, text in _described(path):
        if isinstance(node, _Function) and not _PROPERTIES & set(map(ast.unparse, node.decorator_list)):
            assert not _NO_VERB.match(text), f"{place}: {text.splitlines()[0]!r} has no verb at its beginning"


@each_file
def test_words_that_were_replaced_do_not_come_back(path: Path) -> None:
    found = _NOT_PLAIN.search(path.read_text(encoding="utf-8"))
    assert found is None, f"{path}: {found and found[0]!r}"


def test_the_texts_of_the_catalog_are_sentences_in_plain_words() -> None:
    for place, text in _texts_of_the_catalog():
        assert text[0].isupper() or text[0] == "`", f"{place}: {text!r} begins small"
        assert not _FRAGMENT.match(text), f"{place}: {text!r} is a fragment"
        assert not _NOT_PLAIN.search(text), f"{place}: {text!r}"


def _texts_of_the_catalog() -> Iterator[tuple[str, str]]:
    for report_type in REPORT_TYPES.values():
        yield report_type.id, report_type.purpose
        yield report_type.id, report_type.row
        for name in report_type.columns:
            yield f"{report_type.id}: {name}", column_description(name, report_type.id)


def test_the_page_of_error_messages_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m stripe_reports_tests.error_messages"
