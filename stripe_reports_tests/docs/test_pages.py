"""The pages that there are, and what the README hands over to them."""

from __future__ import annotations

import re

from stripe_reports_tests.docs.pages import BLOCKS, PAGES, README, blocks

_TASKS = [
    "quickstart",
    "in-your-project",
    "report-types",
    "columns-and-parameters",
    "backfills",
    "automation",
    "webhook",
    "reconciliation",
    "month-close",
    "read-the-tables",
    "evidence-and-verify",
    "command-line",
    "personal-data",
    "sandbox",
    "settings",
    "performance",
    "troubleshooting",
]


def test_the_readme_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 120


def test_the_readme_lists_a_page_for_each_task() -> None:
    listed = re.findall(r"^\| \[[^\]]+\]\(docs/([\w-]+)\.md\)", PAGES["README.md"], re.MULTILINE)
    assert listed == _TASKS


def test_every_page_and_decision_is_linked() -> None:
    linked = " ".join(PAGES.values())
    assert all(f"{page.rsplit('/', 1)[-1]}" in linked for page in PAGES)
    decisions = {page.removeprefix("docs/decisions/") for page in PAGES if "/decisions/" in page}
    index = set(re.findall(r"\(([\w-]+\.md)\)", PAGES["docs/decisions/README.md"]))
    assert index == decisions - {"README.md"}


def test_the_two_commands_make_the_same_environment_and_end_in_demo_and_tests() -> None:
    setup = "python3 -m venv .venv && .venv/bin/pip install -r requirements.lock -e . && "
    ends = [
        block.text.strip().removeprefix(setup)
        for block in blocks("sh")
        if block.page == "README.md" and block.text.startswith(setup)
    ]
    assert ends == [".venv/bin/stripe-reports demo --ui", ".venv/bin/pytest"]


_RUN = [
    "stripe-reports demo",  # the fixture demo_folder
    "stripe-reports ddl",
    "stripe-reports doctor",
    "stripe-reports types",
    "stripe-reports init",
    "stripe-reports land",
    "stripe-reports plan",
    "stripe-reports sql",
    "stripe-reports status",
    "stripe-reports verify",
    "stripe-reports sandbox",
    "stripe-reports webhook",
    "_STRIPE_REPORTS_COMPLETE",  # cli/test_completion.py
    "dagster asset materialize",
    "dagster dev",
    "bin/pytest",  # .ci/run
    "ruff format",  # .ci/run
    "dg scaffold defs",  # test_component_in_a_project.py
    "dg launch",  # test_component_in_a_project.py
]


def test_every_block_is_of_a_kind_that_a_test_runs() -> None:
    assert {block.language for block in BLOCKS} == {"python", "sh", "json", "text", "yaml"}
    for block in blocks("sh"):
        assert len([each for each in _RUN if each in block.text]) == 1, block
