"""A small CSV of the benchmark, and what the engines make of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.generate import generate


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmarks") / "day.csv"
    generate(path, 0.5)
    return path
