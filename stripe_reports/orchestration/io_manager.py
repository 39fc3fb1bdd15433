"""The IO manager that gives landed tables to downstream assets as parameters."""

from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from stripe_reports.catalog import parse_day
from stripe_reports.errors import ConfigurationError, StripeReportsError
from stripe_reports.orchestration.resources import ReportLakeResource

if TYPE_CHECKING:
    from stripe_reports.lake import Lake


class ReportLakeIOManager(dg.ConfigurableIOManager):
    """Loads landed tables; it stores nothing, because the report assets write their tables themselves.

    The parameter's annotation decides the form: `pd.DataFrame` (ArrowDtype, so decimals stay exact),
    `pa.Table` or `pyarrow.dataset.Dataset` (read lazily). The asset's partitions decide the days: one day, a
    range, a month's days. Every asked day must have landed, unless the input's metadata says
    `allow_missing_partitions: True`; an asset without partitions gets all landed days.
    """

    lake: dg.ResourceDependency[ReportLakeResource]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:  # noqa: ARG002
        """Refuse to store: only the report assets use this IO manager, and they return no value."""
        raise dg.Failure(
            f"{context.asset_key.to_user_string()}: this IO manager only loads Stripe reports;"
            " give the asset another io_manager_key"
        )

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the days' rows, in the form that the parameter's annotation names."""
        table = context.asset_key.path[-1]
        try:
            lake = self.lake.lake
            return _read(context, lake, table, _days(context, lake, table))
        except StripeReportsError as error:
            raise dg.Failure(str(error)) from None


def _days(context: dg.InputContext, lake: "Lake", table: str) -> list[date] | None:
    if not context.has_asset_partitions:
        return None
    asked = [parse_day(key) for key in context.asset_partition_keys]
    given = context.definition_metadata or {}
    partial = given.get("allow_missing_partitions", not context.has_partition_key)
    if partial:
        landed = set(lake.days(table))
        return [day for day in asked if day in landed]
    return asked


def _read(context: dg.InputContext, lake: "Lake", table: str, days: list[date] | None) -> Any:
    wanted = context.dagster_type.typing_type
    # By name, so that pandas is imported only where a parameter asks for it.
    match getattr(wanted, "__module__", "").partition(".")[0], getattr(wanted, "__name__", ""):
        case "pandas", "DataFrame":
            return lake.read_pandas(table, days)
        case "pyarrow", "Dataset" | "FileSystemDataset":
            return lake.dataset(table, days)
        case ("pyarrow", "Table") | ("typing", "Any"):
            return lake.read_table(table, days)
    raise ConfigurationError(
        f"the parameter for {table} is annotated {wanted!r}; use pd.DataFrame, pa.Table or"
        " pyarrow.dataset.Dataset"
    )
