"""The variables that the code reads."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from types import ModuleType


def variables_read(*modules: ModuleType) -> set[str]:
    """Return the names of the STRIPE_* variables in the modules' texts."""
    return {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"STRIPE_[A-Z_]+", node.value)
    }
