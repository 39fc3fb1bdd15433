"""The files of a new project, and the `defs.yaml` of the component in a project that exists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stripe_reports.cli.init.new_files import PRIVATE, NewFile
from stripe_reports.errors import ConfigurationError

HOME = "dagster_home"
START_DATE = "2023-01-01"

_WORKSPACE = """# Read by `dagster dev`, and by the webserver and the daemon when they start in this folder.
load_from:
  - python_module:
      module_name: stripe_reports.definitions
      location_name: stripe_reports
"""
_DAGSTER_YAML = "# Settings of Dagster's instance; its records are in this folder. Empty: the defaults.\n"
_ENV_HEAD = """# Read by `dagster dev` in this folder. For other commands: set -a; . ./.env; set +a
# It holds a secret: keep it out of version control.
"""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person has chosen; None where the default is good."""

    lake: str | None
    select: str | None
    start_date: str | None
    timezone: str | None


def project_files(directory: Path, choices: Choices, key: str, hosts: Mapping[str, str]) -> list[NewFile]:
    """Return the files of a project: `dagster dev` starts in its directory as it is.

    `key` may be empty, for a person to fill in. `hosts`: addresses of another Stripe, by variable.
    """
    lake = choices.lake or str(directory / "lake")
    lines = [
        _variable("STRIPE_API_KEY", key),
        *(_variable(name, value) for name, value in hosts.items()),
        _variable("STRIPE_REPORTS_LAKE", lake),
        _variable("STRIPE_REPORTS_SELECT", choices.select, "core"),
        _variable("STRIPE_REPORTS_START_DATE", choices.start_date, START_DATE),
        _variable("STRIPE_REPORTS_TIMEZONE", choices.timezone, "UTC"),
        _variable("DAGSTER_HOME", str(directory / HOME)),
    ]
    return [
        NewFile(directory / ".env", _ENV_HEAD + "".join(lines), PRIVATE),
        NewFile(directory / "workspace.yaml", _WORKSPACE),
        NewFile(directory / HOME / "dagster.yaml", _DAGSTER_YAML),
    ]


def ignored(directory: Path, choices: Choices) -> Sequence[str]:
    """Return the lines for `.gitignore`: secrets, Dagster's records, and a lake in the directory."""
    lake = Path(choices.lake or directory / "lake")
    inside = [f"{lake.relative_to(directory).as_posix()}/"] if lake.is_relative_to(directory) else []
    return [".env", f"{HOME}/", *inside]


def component_file(directory: Path, choices: Choices, account: str | None) -> NewFile:
    """Return the `defs.yaml` of the component. The key stays in a variable, which `key_variable` names."""
    attributes = {
        "api_key": f"{{{{ env.{key_variable(account)} }}}}",
        "lake": choices.lake,
        "select": choices.select or "core",
        "start_date": choices.start_date or START_DATE,
        "timezone": choices.timezone,
        "account": account,
    }
    # A JSON text is a YAML text, whatever is in it.
    lines = [f"  {name}: {json.dumps(value)}\n" for name, value in attributes.items() if value is not None]
    text = "type: stripe_reports.StripeReportsComponent\n\nattributes:\n" + "".join(lines)
    return NewFile(directory / "defs.yaml", text)


def key_variable(account: str | None) -> str:
    """Return the variable of the key: `STRIPE_API_KEY`, or `STRIPE_API_KEY_EU` for the account `eu`."""
    return f"STRIPE_API_KEY_{account.upper()}" if account else "STRIPE_API_KEY"


def is_in_dg_project(directory: Path) -> bool:
    """Return whether a folder above is a project of `dg`."""
    for folder in (directory, *directory.parents):
        if (folder / "dg.toml").is_file():
            return True
        settings = folder / "pyproject.toml"
        if settings.is_file() and "[tool.dg" in settings.read_text(encoding="utf-8", errors="replace"):
            return True
    return False


def _variable(name: str, value: str | None, default: str = "") -> str:
    """Return a line that a shell and Dagster read alike; a comment where the default is good."""
    if value is None:
        return f"# {name}='{default}'\n"
    if "'" in value or "\n" in value or "\r" in value:
        raise ConfigurationError(f"{name} has a quote or a line break, which .env cannot hold; leave it out")
    return f"{name}='{value}'\n"
