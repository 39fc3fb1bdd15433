"""The command line in this process: as a person runs it, without the cost of a process."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from stripe_reports.cli import main
from stripe_reports.sandbox import Sandbox


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def run(*arguments: str, stdin: str = "", **variables: str) -> Done:
    """What the command prints and returns, with these variables and no others of Stripe's or Dagster's."""
    kept = {name: v for name, v in os.environ.items() if not name.startswith(("STRIPE_", "DAGSTER_"))}
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code = 0
    with (
        patch.dict(os.environ, kept | variables, clear=True),
        patch.object(sys, "argv", ["stripe-reports", *arguments]),
        patch.object(sys, "stdin", io.StringIO(stdin)),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    for stream in (out, err):
        stream.seek(0)
    return Done(code, out.read(), err.read())


def variables_of(sandbox: Sandbox) -> Mapping[str, str]:
    return {
        "STRIPE_API_KEY": sandbox.key,
        "STRIPE_API_BASE": sandbox.api_base,
        "STRIPE_FILES_BASE": sandbox.files_base,
    }
