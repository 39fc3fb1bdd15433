"""The jobs that materialize assets of one account."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import dagster as dg

from stripe_reports.orchestration.names import JOB, RECONCILE_JOB, AccountNames

if TYPE_CHECKING:
    # What dg.define_asset_job returns; Dagster does not export its name.
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

AssetJob: TypeAlias = "UnresolvedAssetJobDefinition"


def reports_job(names: AccountNames, assets: Sequence[dg.AssetsDefinition]) -> AssetJob:
    """Return the job that materializes one day of all reports, or those of them that a run asks for."""
    return dg.define_asset_job(
        names.of(JOB),
        selection=dg.AssetSelection.assets(*assets),
        tags=names.tags,
        description="One day of all selected Stripe reports.",
    )


def reconcile_job(names: AccountNames, selection: dg.AssetSelection) -> AssetJob:
    """Return the job that reconciles the days of a run, and makes the daily tables that rest on them."""
    return dg.define_asset_job(
        names.of(RECONCILE_JOB),
        selection=selection,
        tags=names.tags,
        description="Evaluates the identities between Stripe's reports on the landed tables of these days,"
        " and makes the tables that rest on them.",
    )
