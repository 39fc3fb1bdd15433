"""The values of attributes: the schema of each in the YAML file, and its check.

Names and checks come from the wings that own them. These are imported when a value is checked, so that
importing the component costs little: each `dg` command of a project does it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster.components.resolved.core_models import AssetAttributesModel
from pydantic import BaseModel, create_model

from stripe_reports.catalog import parse_day, select_report_types, time_zone
from stripe_reports.component.attribute import Schema, of_text
from stripe_reports.errors import ConfigurationError
from stripe_reports.wording import nearest

if TYPE_CHECKING:
    from stripe_reports.lake import Pii
    from stripe_reports.landing import ReportRequest

_SEVERITIES = ("error", "warn")
_TRANSLATED = (
    "automation_condition",
    "code_version",
    "description",
    "freshness_policy",
    "group_name",
    "key_prefix",
    "kinds",
    "metadata",
    "owners",
    "tags",
)
_ATTRIBUTES = AssetAttributesModel.model_fields
_FIELDS: Any = {name: (_ATTRIBUTES[name].annotation, _ATTRIBUTES[name]) for name in _TRANSLATED}
Translation: type[BaseModel] = create_model("Translation", __base__=dg.Model, **_FIELDS)
"""What a translation may change of a report asset: neither its key nor dependencies nor partitions."""

_TEXT: Schema = {"type": "string"}
LIST: Schema = {"type": "array", "items": _TEXT}
TAGS: Schema = {"type": "object", "additionalProperties": _TEXT}
TEXTS: Schema = {"type": ["string", "array"], "items": _TEXT}
DAY: Schema = {"type": "string", **of_text({"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})}
SWITCH: Schema = {"anyOf": [{"type": "boolean"}, _TEXT], **of_text({"type": "boolean"})}
COUNT: Schema = {"type": ["integer", "string"], "minimum": 1, **of_text({"type": "integer"})}
_A_POLICY = of_text({"enum": ["keep", "hash", "drop"]})
_POLICY: Schema = {"type": "string", **_A_POLICY}
PII: Schema = {"type": ["string", "object"], **_A_POLICY, "additionalProperties": _POLICY}
_COLUMNS: Schema = {"type": ["array", "string"], "items": _TEXT, **of_text({"type": "array"})}
REQUEST: Schema = {
    "columns": _COLUMNS,
    "metadata_columns": _COLUMNS,
    "optional_columns": _COLUMNS,
    "parameters": {"type": "object", "additionalProperties": TEXTS},
    "pii": _POLICY,
}
"""The settings of a ReportRequest."""
REQUESTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "object", "properties": REQUEST, "additionalProperties": False},
}
TRANSLATION: Schema = {
    "type": ["object", "string", "null"],
    "properties": {name: {} for name in _TRANSLATED},
    "additionalProperties": False,
}


def automation_schema() -> Schema:
    """Return the schema of names of schedules and sensors."""
    from stripe_reports.orchestration import AUTOMATION

    return _names_schema(AUTOMATION)


def downstream_schema() -> Schema:
    """Return the schema of names of downstream assets."""
    from stripe_reports.orchestration import DOWNSTREAM

    return _names_schema((*DOWNSTREAM, "all"))


def reconciliation_schema() -> Schema:
    """Return the schema of a severity, of severities by identity, or of false."""
    severity = of_text({"enum": list(_SEVERITIES)})
    return {
        "type": ["boolean", "string", "object"],
        **severity,
        "propertyNames": {"enum": _judged()},
        "additionalProperties": {"type": "string", **severity},
    }


def selection(given: str | Sequence[str]) -> str | Sequence[str]:
    """Return the selection. Raises UnknownReportTypeError."""
    select_report_types(given)
    return given


def day(given: str) -> str:
    """Return the day. Raises DayError for other texts."""
    return parse_day(given).isoformat()


def zone(given: str) -> str:
    """Return the time zone's name. Raises ConfigurationError for an unknown one."""
    return time_zone(given).key


def account(given: str | None) -> str | None:
    """Return the account's name. Raises ConfigurationError for one that Dagster's names cannot contain."""
    from stripe_reports.orchestration import AccountNames

    return AccountNames(given).account


def requests(given: Mapping[str, Mapping[str, Any]]) -> Mapping[str, "ReportRequest"]:
    """Return the requests by report type, glob or preset. Raises StripeReportsError for unknown ones."""
    from stripe_reports.landing import ReportRequest

    made = {}
    for pattern, settings in given.items():
        select_report_types(pattern)
        _known(settings, list(REQUEST), "setting")
        asked: dict[str, Any] = {
            name: each if name in ("parameters", "pii") else _names(each) for name, each in settings.items()
        }
        if "pii" in asked:
            pii(asked["pii"])
        made[pattern] = ReportRequest(**asked)
    return made


def pii(given: "Pii | Mapping[str, Pii]") -> "Pii | Mapping[str, Pii]":
    """Return the policy, or the policies by pattern. Raises StripeReportsError for unknown ones."""
    from stripe_reports.lake import check_pii

    for pattern, policy in given.items() if isinstance(given, Mapping) else [("all", given)]:
        select_report_types(pattern)
        check_pii(policy)
    return given


def reconciliation(given: bool | str | Mapping[str, str]) -> bool | str | Mapping[str, str]:
    """Return the severities. Raises ConfigurationError for others, and for an unknown identity."""
    if isinstance(given, Mapping):
        _known(given, _judged(), "identity")
    for severity in given.values() if isinstance(given, Mapping) else [given]:
        if not isinstance(severity, bool):
            _known([severity], _SEVERITIES, "severity")
    return given


def automation(given: str | Sequence[str]) -> Sequence[str]:
    """Return the names of schedules and sensors. Raises ConfigurationError for an unknown one."""
    from stripe_reports.orchestration import AUTOMATION

    return _known(_names(given), AUTOMATION, "schedule or sensor")


def downstream(given: str | Sequence[str]) -> Sequence[str]:
    """Return the names of downstream assets. Raises ConfigurationError for an unknown one."""
    from stripe_reports.orchestration import DOWNSTREAM

    return _known(_names(given), (*DOWNSTREAM, "all"), "downstream asset")


def switch(given: bool | str) -> bool:
    """Return true or false, also of the text that a variable holds. Raises ConfigurationError for others."""
    if str(given).lower() not in ("true", "false"):
        raise ConfigurationError(f"{given!r} is neither true nor false")
    return str(given).lower() == "true"


def count(given: int | str) -> int:
    """Return a whole number, 1 or more, also of the text that a variable holds. Raises ConfigurationError."""
    if not str(given).isdecimal() or int(given) < 1:
        raise ConfigurationError(f"{given!r} is not a whole number, 1 or more")
    return int(given)


def _names(given: str | Sequence[str]) -> Sequence[str]:
    """Return the names; in a text, such as a variable's, commas are between them."""
    if not isinstance(given, str):
        return given
    return [name for name in map(str.strip, given.split(",")) if name]


def _names_schema(names: Sequence[str]) -> Schema:
    name = of_text({"enum": list(names)})
    return {"type": ["string", "array"], **name, "items": {"type": "string", **name}}


def _judged() -> Sequence[str]:
    from stripe_reports.orchestration import CHAIN_CHECK
    from stripe_reports.reconcile import IDENTITIES

    return [*IDENTITIES, CHAIN_CHECK]


def _known(given: Iterable[str], names: Sequence[str], noun: str) -> Sequence[str]:
    for name in given:
        if name not in names:
            raise ConfigurationError(
                f"there is no {noun} {name!r}{nearest(str(name), names)}; there are {', '.join(names)}"
            )
    return list(given)
