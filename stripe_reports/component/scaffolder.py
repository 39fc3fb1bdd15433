"""The scaffolder: what `dg scaffold defs stripe_reports.StripeReportsComponent` writes."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster.components.resolved.model import Resolver
from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

_PYTHON = """\
import dagster as dg
from stripe_reports import StripeReportsComponent


@dg.component_instance
def stripe(context: dg.ComponentLoadContext) -> StripeReportsComponent:
    return StripeReportsComponent(
        api_key=dg.EnvVar({variable!r}),
        lake={lake!r},
        select={select!r},
        start_date={start_date!r},
        account={account!r},
    )
"""


class StripeReportsParams(BaseModel):
    """What the command line may set; there is no option for the key, which belongs into a variable."""

    lake: str = Field(default="lake", description="A directory or s3://bucket/prefix.")
    select: str = Field(default="core", description="Report types: ids, globs and presets.")
    start_date: str | None = Field(
        default=None, description="The first partition; by default this year's first day."
    )
    account: str | None = Field(default=None, description="The name of one of several accounts.")


class StripeReportsScaffolder(dg.Scaffolder[StripeReportsParams]):
    """Writes a file that loads, with each other attribute as a comment."""

    @classmethod
    def get_scaffold_params(cls) -> type[StripeReportsParams]:
        """Return the class of the parameters."""
        return StripeReportsParams

    def scaffold(self, request: dg.ScaffoldRequest[StripeReportsParams]) -> None:
        """Write `defs.yaml`, or `component.py` where Python is asked for."""
        given = request.params.model_dump()
        given["start_date"] = given["start_date"] or f"{datetime.now(UTC).year}-01-01"
        variable = "_".join(["STRIPE_API_KEY", *([given["account"].upper()] if given["account"] else [])])
        if request.scaffold_format == "python":
            text = _PYTHON.format(variable=variable, **given)
            (request.target_path / "component.py").write_text(text, encoding="utf-8")
            return
        text = _yaml(request.type_name, variable, given)
        if request.append:
            with request.target_path.open("a", encoding="utf-8") as file:
                file.write(f"---\n{text}")
        else:
            (request.target_path / "defs.yaml").write_text(text, encoding="utf-8")


def _yaml(type_name: str, variable: str, given: dict[str, Any]) -> str:
    from stripe_reports.component.component import StripeReportsComponent

    fields = StripeReportsComponent.model_fields
    written = {"api_key": f"{{{{ env.{variable} }}}}"} | {key: value for key, value in given.items() if value}
    lines = [f"type: {type_name}", "", "attributes:"]
    for name, value in written.items():
        lines += [f"  # {_resolver(fields[name]).description}", f"  {name}: {json.dumps(value)}"]
    lines += ["", "  # Optional:"]
    for name, field in fields.items():
        if name not in written:
            resolver = _resolver(field)
            (example,) = resolver.examples or [None]
            lines += ["", f"  # {resolver.description}", f"  # {name}: {json.dumps(example)}"]
    lines += ["", "requirements:", "  env:", f"    - {variable}", ""]
    return "\n".join(lines)


def _resolver(field: "FieldInfo") -> Resolver:
    return next(each for each in field.metadata if isinstance(each, Resolver))
