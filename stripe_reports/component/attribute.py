"""An attribute of the YAML file: its schema, its value, and errors that say where it stands."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster.components.resolved.errors import ResolutionException
from pydantic import GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError, StripeReportsError

_TEMPLATE = re.compile(r"\{[{%]")
_VARIABLE = re.compile(r"\{\{\s*env(?:\.(\w+)|\(\s*['\"](\w+)['\"]\s*\))\s*\}\}")
"""A variable without a default: `{{ env.NAME }}` or `{{ env('NAME') }}`."""

Schema = Mapping[str, Any]


class AttributeValueError(ConfigurationError, ResolutionException):
    """An attribute that does not make sense; the message begins with its file and line.

    As a ResolutionException, Dagster raises it unchanged. Of other errors it would show the traceback.
    """


class Attribute(dg.Resolver):
    """The description, schema and check of an attribute.

    `type` is its type in the file, `schema` returns the JSON schema that `dg check yaml` applies. Any text
    may be a template, which is filled in when the code location loads. `value` returns the value for the
    component, and raises StripeReportsError for one that does not make sense.
    """

    def __init__(
        self,
        description: str,
        *,
        example: Any,
        type: Any = str,
        schema: Callable[[], Schema] | None = None,
        value: Callable[[Any], Any] = lambda given: given,
    ) -> None:
        super().__init__(
            self._resolve,
            model_field_type=type,
            description=description,
            examples=[example],
            inject_before_resolve=False,
        )
        self._type = TypeAdapter(type)
        self._schema = schema
        self._value = value

    def _resolve(self, context: dg.ResolutionContext, given: Any) -> Any:
        value = _without_templates(context, given)
        try:
            value = self._type.validate_python(value)
        except ValidationError as error:  # of what a template has returned
            raise wrong(context, error.errors()[0]["msg"])  # noqa: B904 - it has its cause
        with naming(context):
            return self._value(value)

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the schema. It is computed when it is asked for, because names in it cost imports."""
        return dict(self._schema()) if self._schema else handler(core_schema)


class VariableName(dg.Resolver):
    """A secret: the environment variable that holds it, whose value is read when a run begins."""

    def __init__(self, description: str, *, example: str) -> None:
        super().__init__(
            self._resolve,
            model_field_type=str,
            description=description,
            examples=[example],
            inject_before_resolve=False,
        )
        self._example = example

    def _resolve(self, context: dg.ResolutionContext, given: str) -> dg.EnvVar:
        if match := _VARIABLE.fullmatch(given.strip()):
            _refuse_missing(context, given)
            return dg.EnvVar(match[1] or match[2])
        value = context.resolve_value(given) if _TEMPLATE.search(given) else given
        if isinstance(value, dg.EnvVar):  # from a template variable of the project
            return value
        raise wrong(
            context,
            f'give the name of an environment variable, as in "{self._example}"; the value itself is refused,'
            " because Dagster would show it",
        )


def wrong(context: dg.ResolutionContext, what: str) -> AttributeValueError:
    """Return the error for the attribute at which the context is."""
    place = ".".join(map(str, context.path))
    if context.source_position_tree:
        position, _ = context.source_position_tree.lookup_closest_and_path(context.path, None)
        place = f"{position.filename}:{position.start.line} {place}"
    error = AttributeValueError(f"{place}: {what}" if place else what)
    # Dagster prints a traceback and then the cause. A cause that was never raised has no traceback, so that
    # this line is the last one.
    error.__cause__ = AttributeValueError(error.what)
    return error


@contextmanager
def naming(context: dg.ResolutionContext | None) -> Iterator[None]:
    """Let errors begin with the file and line of the attribute; without a file they stay as they are."""
    try:
        yield
    except AttributeValueError:
        raise
    except (StripeReportsError, dg.DagsterInvalidDefinitionError) as error:
        if context is None:
            raise
        raise wrong(context, str(error))  # noqa: B904 - it has its cause


def of_text(schema: Schema) -> Schema:
    """Return what to add to a schema so that texts must match this one, unless they are templates."""
    return {"if": {"type": "string", "not": {"pattern": _TEMPLATE.pattern}}, "then": schema}


def _without_templates(context: dg.ResolutionContext, given: Any) -> Any:
    """Fill in the templates. Texts and variables stay texts, though Jinja makes a number of "2025"."""
    if isinstance(given, dict):
        return {key: _without_templates(context.at_path(key), value) for key, value in given.items()}
    if isinstance(given, list | tuple):
        return [_without_templates(context.at_path(place), value) for place, value in enumerate(given)]
    if not isinstance(given, str) or not _TEMPLATE.search(given):
        return given
    _refuse_missing(context, given)
    if match := _VARIABLE.fullmatch(given.strip()):
        return environment.text(match[1] or match[2])
    return context.resolve_value(given)


def _refuse_missing(context: dg.ResolutionContext, template: str) -> None:
    """Refuse variables that are not set; Dagster would fill in nothing, or the text `None`."""
    for dotted, called in _VARIABLE.findall(template):
        name = dotted or called
        if not environment.text(name):
            raise wrong(
                context,
                f"the environment variable {name} is not set; set it, then load the code location again",
            )
