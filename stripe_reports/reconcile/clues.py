"""Queries for rows that may explain why an identity is broken, in SQL over the tables of a workspace.

Each query yields (day, currency, why, role, on_day, id, category, expected, actual) for the days and
currencies in the table `broken`, if these days are in `on_days`. ROWS stands for a table, KEY for the name of
its id, and a role in braces for the name of a table in the lake.
"""

# ruff: noqa: S608  # made of constants
from __future__ import annotations

from collections.abc import Mapping

from stripe_reports.reconcile import equations, needs
from stripe_reports.reconcile.families import PAIRS, Family
from stripe_reports.reconcile.identity import Clue, Clues

_NET = """
SELECT day, currency, 'net is not gross - fee' AS why, 'ROWS' AS role, day AS on_day, KEY AS id, category,
    gross - fee AS expected, net AS actual
FROM ROWS SEMI JOIN broken USING (day, currency) SEMI JOIN on_days USING (day)
WHERE net IS DISTINCT FROM gross - fee
"""

_TWICE = """
SELECT day, currency, CASE count(*) WHEN 2 THEN 'twice' ELSE count(*) || ' times' END, 'ROWS', day, KEY,
    category, any_value(net), sum(net)
FROM ROWS SEMI JOIN broken USING (day, currency) SEMI JOIN on_days USING (day)
WHERE KEY <> ''
GROUP BY day, currency, KEY, category
HAVING count(*) > 1
"""

# The tables that may have a transaction of a day as well.
_AROUND = """
    SELECT 'activity' AS role, day, day AS on_day, currency, id, category, gross, fee, net FROM activity
    UNION ALL SELECT 'paid', day, day, currency, id, category, gross, fee, net FROM paid
    UNION ALL SELECT 'unpaid', day, day, currency, id, category, gross, fee, net FROM unpaid
    UNION ALL SELECT 'unpaid', day + 1, day, currency, id, category, gross, fee, net FROM unpaid
"""

_OTHER_AMOUNTS = f"""
WITH around AS ({_AROUND})
SELECT own.day, own.currency,
    'other amounts than in {{' || around.role || '}} of ' || around.on_day, 'ROWS', own.day, own.id,
    own.category,
    CASE WHEN around.net <> own.net THEN around.net WHEN around.gross <> own.gross THEN around.gross
        ELSE around.fee END,
    CASE WHEN around.net <> own.net THEN own.net WHEN around.gross <> own.gross THEN own.gross
        ELSE own.fee END
FROM (FROM ROWS SEMI JOIN broken USING (day, currency) SEMI JOIN on_days USING (day)) AS own
JOIN around USING (day, id)
WHERE id <> '' AND (around.role <> 'ROWS' OR around.on_day <> own.day)
    AND (around.net <> own.net OR around.gross <> own.gross OR around.fee <> own.fee)
"""

_ASTRAY = f"""
WITH around AS ({_AROUND}),
astray AS (
    SELECT day, currency, id, came, went, went < came AS lost
    FROM ({equations.MOVES}) SEMI JOIN broken USING (day, currency) ANTI JOIN manual USING (day, currency)
    WHERE id <> '' AND (went < came OR went > came + may) AND CHOICE
)
SELECT day, currency,
    CASE WHEN lost AND went = 0 THEN 'in neither {{paid}} nor {{unpaid}} of the day'
        WHEN lost THEN 'less often in {{paid}} and {{unpaid}} of the day'
        WHEN came = 0 THEN 'in neither {{activity}} of the day nor {{unpaid}} of the day before'
        ELSE 'less often in {{activity}} of the day and {{unpaid}} of the day before' END,
    role, on_day, id, category, CASE WHEN lost THEN net END, CASE WHEN NOT lost THEN net END
FROM astray JOIN around USING (day, currency, id)
WHERE lost = (role = 'activity' OR on_day < day)
QUALIFY row_number() OVER (PARTITION BY day, currency, id ORDER BY role) = 1
"""

_PAYOUT_SUMS = f"""
SELECT day, currency,
    CASE WHEN times = 0 THEN 'only in {{paid}}'
        WHEN NOT reconciled THEN 'without transactions in {{paid}}'
        WHEN times > 1 THEN 'twice'
        ELSE 'its transactions in {{paid}} add up to another amount' END,
    CASE WHEN times = 0 THEN 'paid' ELSE 'payouts' END, day, payout_id, 'payout', said, found
FROM ({equations.BY_PAYOUT}) SEMI JOIN broken USING (day, currency)
WHERE times <> 1 OR NOT reconciled OR said <> found
"""

_REPEATED = """
SELECT own.day, currency, CASE WHEN repeated.day = own.day THEN 'twice' ELSE 'also on ' || repeated.day END,
    'activity', own.day, id, category, NULL, net
FROM (FROM activity SEMI JOIN broken USING (day, currency)) AS own JOIN repeated USING (id)
WHERE repeated.day <> own.day OR repeated.times > 1
"""

_OUTSIDE = """
SELECT day, currency,
    coalesce('at ' || make_timestamp(utc) || ' UTC', 'at ' || make_timestamp(local), 'at no time'),
    'ROWS', day, KEY, category, NULL, net
FROM (FROM ROWS SEMI JOIN broken USING (day, currency)) JOIN on_days USING (day)
WHERE NOT coalesce(utc >= utc_start AND utc < utc_end, local >= local_start AND local < local_end, false)
"""

# The amounts that differ: in the summary, and in the sum of its rows.
_DIFFERENT = """CASE WHEN said_net <> net THEN said_net WHEN said_gross <> gross THEN said_gross
        WHEN said_fee <> fee THEN said_fee ELSE said_lines END,
    CASE WHEN said_net <> net THEN net WHEN said_gross <> gross THEN gross
        WHEN said_fee <> fee THEN fee ELSE lines END"""

_LINES = f"""
WITH sums AS ({" UNION ALL ".join(equations.BALANCES)})
SELECT day, currency, CASE count(DISTINCT label) WHEN 1 THEN 'part of a sum that is off'
        ELSE 'part of ' || count(DISTINCT label) || ' sums that are off' END,
    'balance', day, '', category, NULL, any_value(net)
FROM balance JOIN sums USING (day, currency) SEMI JOIN broken USING (day, currency)
WHERE (expected <> actual OR off > 0) AND contains(label, category)
GROUP BY day, currency, category
"""

_LINE_TWICE = """
SELECT day, currency, CASE count(*) WHEN 2 THEN 'twice' ELSE count(*) || ' times' END, 'ROWS', day, '',
    category, any_value(net), sum(net)
FROM ROWS JOIN broken USING (day, currency) SEMI JOIN on_days USING (day)
GROUP BY day, currency, category
HAVING count(*) > 1
"""

_OTHER_LINE = f"""
SELECT day, currency,
    CASE WHEN times = 0 THEN 'only in {{ROWS}}' WHEN lines = 0 THEN 'without rows in {{ROWS}}'
        ELSE 'not what {{ROWS}} adds up to' END,
    CASE WHEN times = 0 THEN 'ROWS' ELSE 'SUMMARY' END, day, '', category,
    {_DIFFERENT}
FROM ({equations.BY_CATEGORY}) SEMI JOIN broken USING (day, currency)
WHERE said_net <> net OR said_gross <> gross OR said_fee <> fee OR said_lines <> lines
"""

_ENDS = """
SELECT broken.day, currency,
    CASE WHEN broken.day = balance.day THEN 'start of the day' ELSE 'end of the day before' END,
    'balance', balance.day, '', category, NULL, net
FROM balance JOIN broken USING (currency) JOIN on_days ON on_days.day = broken.day
WHERE (category = 'starting_balance' AND balance.day = broken.day)
    OR (category = 'ending_balance' AND balance.day + 1 = broken.day)
"""

_RESIDUAL = """
SELECT day, currency, 'its net is the difference', 'ROWS', day, KEY, category, NULL, net
FROM ROWS JOIN broken USING (day, currency) SEMI JOIN on_days USING (day)
WHERE residual <> 0 AND abs(net) = abs(residual)
"""

_CATEGORIES = f"""
SELECT day, currency, category,
    {_DIFFERENT}
FROM ({equations.BY_CATEGORY}) SEMI JOIN broken USING (day, currency)
WHERE category <> 'total'
    AND (said_net <> net OR said_gross <> gross OR said_fee <> fee OR said_lines <> lines)
ORDER BY ALL
"""


def _of(sql: str, rows: Family) -> str:
    key = "payout_id" if rows is Family.PAYOUTS else "id"
    return sql.replace("SUMMARY", PAIRS[rows].role).replace("ROWS", rows.role).replace("KEY", key)


_LOST_OR_NOT, _NOT_LOST = (
    Clue(needs.MOVES, _ASTRAY.replace("CHOICE", choice)) for choice in ("true", "went > came")
)
_EACH_PAYOUT = Clue(needs.EACH_PAYOUT, _PAYOUT_SUMS)
_NET_OF = {rows: Clue(needs.AMOUNTS[rows], _of(_NET, rows)) for rows in PAIRS}
_TWICE_IN = {rows: Clue(needs.NAMED[rows], _of(_TWICE, rows)) for rows in PAIRS}
# With manual payouts, nothing is reconciled as paid out or open, so no row of the activity is astray.
_ELSEWHERE = {
    Family.ACTIVITY: (_NOT_LOST,),
    Family.PAYOUTS: (_EACH_PAYOUT,),
    Family.PAID: (_LOST_OR_NOT, _EACH_PAYOUT),
    Family.UNPAID: (_LOST_OR_NOT,),
}

ROWS: Mapping[Family, Clues] = {
    rows: Clues(
        (
            _NET_OF[rows],
            _TWICE_IN[rows],
            *((Clue(needs.NAMED[rows], _of(_OTHER_AMOUNTS, rows)),) if rows is not Family.PAYOUTS else ()),
            *_ELSEWHERE[rows],
        ),
        otherwise=(Clue(needs.NAMED[rows], _of(_RESIDUAL, rows)),),
        categories=Clue(needs.CATEGORIES[rows], _of(_CATEGORIES, rows)),
    )
    for rows in PAIRS
}
"""The clues for a sum over the rows of an itemized report."""

AMOUNTS: Mapping[Family, Clues] = {rows: Clues((clue,)) for rows, clue in _NET_OF.items()}
OUTSIDE: Mapping[Family, Clues] = {
    rows: Clues((Clue(its, _of(_OUTSIDE, rows)),)) for rows, its in needs.INSTANTS.items()
}
MOVES = Clues((_LOST_OR_NOT, *_TWICE_IN.values()))
REPEATED = Clues((Clue(needs.IDS, _REPEATED),))
CATEGORIES: Mapping[Family, Clues] = {
    rows: Clues(
        (Clue(needs.CATEGORIES[rows], _LINE_TWICE.replace("ROWS", PAIRS[rows].role)), *those.rows),
        otherwise=(Clue(needs.CATEGORIES[rows], _of(_OTHER_LINE, rows)),),
        categories=those.categories,
    )
    for rows, those in ROWS.items()
}
"""The clues for sums by reporting category."""

_TWICE_IN_BALANCE = Clue(needs.BALANCE, _LINE_TWICE.replace("ROWS", Family.BALANCE.role))
LINES = Clues((_TWICE_IN_BALANCE, Clue(needs.BALANCE, _LINES)))
ENDS = Clues((_TWICE_IN_BALANCE, Clue(needs.LINK, _ENDS)))
