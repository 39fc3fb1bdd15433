"""Finding ids that the itemized activity has more than once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from stripe_reports.reconcile.families import Family
from stripe_reports.reconcile.identities import WINDOW_DAYS
from stripe_reports.reconcile.workspace import Workspace

_REPEATED = """
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT id, day, count(*) AS times FROM seen
WHERE id IN (SELECT id FROM seen WHERE id <> '' GROUP BY id HAVING count(*) > 1)
GROUP BY id, day
"""


def find_repeated(workspace: Workspace, asked: Iterable[date]) -> None:
    """Fill the table `repeated` (id, day, times) from the requested days and the days around them."""
    near = {
        day + timedelta(days=distance) for day in asked for distance in range(-WINDOW_DAYS, WINDOW_DAYS + 1)
    }
    days = workspace.landed_among(Family.ACTIVITY, sorted(near))
    workspace.run("CREATE OR REPLACE TEMP TABLE seen (day DATE, id VARCHAR)")
    workspace.read("seen", Family.ACTIVITY, days, ["id"])
    workspace.run(_REPEATED)
    workspace.run("DROP TABLE seen")
