"""What the tests of the pages share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has run for one day."""
    folder = tmp_path_factory.mktemp("demo")
    command = Path(sys.executable).with_name("stripe-reports")
    subprocess.run([command, "demo", "--days", "1"], cwd=folder, check=True, capture_output=True)
    return folder
