"""What the figures were measured on and with, without a name that tells whose machine it is."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

_PACKAGES = ("pyarrow", "duckdb", "polars", "pandas", "dagster")


def describe_machine() -> str:
    """Cores, memory, processor architecture and system, on one line."""
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores, {gib:.0f} GiB of memory, {platform.machine()}, {platform.system()}"


def describe_versions() -> str:
    """Python's and those of the libraries that do the work, on one line."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"Python {platform.python_version()}, {packages}"
