"""The equations, in SQL over the tables of a workspace, which are named by role.

`Part` describes the rows that they yield. ROWS and SUMMARY stand for the tables of a pair, TITLE for its
name, SAID and FOUND for queries that yield (day, currency, amount).
"""

# ruff: noqa: S608  # made of constants
from __future__ import annotations

_BALANCE = """
SELECT day, currency, 'starting_balance + activity + payouts = ending_balance' AS label, false AS counted,
    coalesce(sum(net) FILTER (category IN ('starting_balance', 'activity', 'payouts')), 0) AS expected,
    coalesce(sum(net) FILTER (category = 'ending_balance'), 0) AS actual,
    count(*) FILTER (net <> 0) - count(DISTINCT category) FILTER (net <> 0) AS off
FROM balance SEMI JOIN on_days USING (day)
GROUP BY day, currency
"""

_GROSS_AND_FEE = """
SELECT day, currency, 'WHOLE_gross + WHOLE_fee = WHOLE' AS label, false AS counted,
    coalesce(sum(net) FILTER (category IN ('WHOLE_gross', 'WHOLE_fee')), 0) AS expected,
    coalesce(sum(net) FILTER (category = 'WHOLE'), 0) AS actual, 0 AS off
FROM balance SEMI JOIN on_days USING (day)
GROUP BY day, currency
HAVING count(*) FILTER (category IN ('WHOLE_gross', 'WHOLE_fee')) > 0
"""

BALANCES = (_BALANCE, *(_GROSS_AND_FEE.replace("WHOLE", whole) for whole in ("activity", "payouts")))

LINK = """
WITH ends AS (
    SELECT day, currency,
        coalesce(sum(net) FILTER (category = 'starting_balance'), 0) AS starting,
        coalesce(sum(net) FILTER (category = 'ending_balance'), 0) AS ending
    FROM balance
    GROUP BY day, currency
),
links AS (
    SELECT coalesce(ends.day, before.day + 1) AS day, coalesce(ends.currency, before.currency) AS currency,
        coalesce(before.ending, 0) AS expected, coalesce(ends.starting, 0) AS actual
    FROM ends
    FULL JOIN ends AS before ON ends.day = before.day + 1 AND ends.currency = before.currency
)
SELECT day, currency, 'ending_balance of the day before = starting_balance' AS label, false AS counted,
    expected, actual, 0 AS off
FROM links SEMI JOIN on_days USING (day)
"""

_SUM = """
WITH said AS (SELECT day, currency, sum(amount) AS amount FROM (SAID) GROUP BY day, currency),
found AS (SELECT day, currency, sum(amount) AS amount FROM (FOUND) GROUP BY day, currency)
SELECT day, currency, 'LABEL' AS label, false AS counted,
    coalesce(said.amount, 0) AS expected, coalesce(found.amount, 0) AS actual, 0 AS off
FROM said FULL JOIN found USING (day, currency)
WHERE day IN (SELECT day FROM on_days)
"""


def _sum(label: str, said: str, found: str) -> str:
    return _SUM.replace("LABEL", label).replace("SAID", said).replace("FOUND", found)


def _line(category: str, sign: str = "") -> str:
    return f"SELECT day, currency, {sign}net AS amount FROM balance WHERE category = '{category}'"


ACTIVITY_SUM = _sum(
    "activity of the balance summary = net of the itemized activity",
    _line("activity"),
    "SELECT day, currency, net AS amount FROM activity",
)
PAYOUTS_SUM = _sum(
    "payouts of the balance summary = - net of the itemized payouts",
    _line("payouts"),
    "SELECT day, currency, -net AS amount FROM payouts",
)
PAID_SUM = _sum(
    "- payouts of the balance summary, reversals aside = net of the payout reconciliation",
    _line("payouts", "-")
    + " UNION ALL SELECT day, currency, -net FROM payouts WHERE category = 'payout_reversal'",
    "SELECT day, currency, net AS amount FROM paid",
)
UNPAID_SUM = _sum(
    "ending_balance of the balance summary = net of the open transactions",
    _line("ending_balance"),
    "SELECT day, currency, net AS amount FROM unpaid",
)

BY_CATEGORY = """
WITH by_category AS (
    SELECT day, currency, category, count(*) AS lines, sum(gross) AS gross, sum(fee) AS fee, sum(net) AS net
    FROM ROWS SEMI JOIN on_days USING (day)
    GROUP BY day, currency, category
),
found AS (
    FROM by_category
    UNION ALL
    SELECT day, currency, 'total', sum(lines), sum(gross), sum(fee), sum(net)
    FROM by_category GROUP BY day, currency
),
said AS (
    SELECT day, currency, category, count(*) AS times, sum(count) AS lines,
        sum(gross) AS gross, -sum(fee) AS fee, sum(net) AS net
    FROM SUMMARY SEMI JOIN on_days USING (day)
    GROUP BY day, currency, category
),
pairs AS (
    SELECT day, currency, category, coalesce(times, 0) AS times,
        coalesce(said.lines, 0)::DECIMAL(38, 18) AS said_lines, coalesce(said.gross, 0) AS said_gross,
        coalesce(said.fee, 0) AS said_fee, coalesce(said.net, 0) AS said_net,
        coalesce(found.lines, 0)::DECIMAL(38, 18) AS lines, coalesce(found.gross, 0) AS gross,
        coalesce(found.fee, 0) AS fee, coalesce(found.net, 0) AS net
    FROM said FULL JOIN found USING (day, currency, category)
    WHERE category <> 'total' OR times IS NOT NULL
)
FROM pairs
"""

CATEGORIES = f"""
SELECT day, currency, 'TITLE, ' || category || ', ' || measure AS label, measure = 'count' AS counted,
    CASE measure WHEN 'net' THEN said_net WHEN 'gross' THEN said_gross WHEN 'fee' THEN said_fee
        ELSE said_lines END AS expected,
    CASE measure WHEN 'net' THEN net WHEN 'gross' THEN gross WHEN 'fee' THEN fee ELSE lines END AS actual,
    0 AS off
FROM ({BY_CATEGORY}), (VALUES ('net'), ('gross'), ('fee'), ('count')) AS measures (measure)
"""

EACH_ROW = """
SELECT day, currency, 'net = gross - fee of each row, TITLE' AS label, false AS counted,
    coalesce(sum(coalesce(gross, 0) - coalesce(fee, 0)), 0) AS expected, coalesce(sum(net), 0) AS actual,
    count(*) FILTER (net IS DISTINCT FROM gross - fee) AS off
FROM ROWS SEMI JOIN on_days USING (day)
GROUP BY day, currency
"""

BY_PAYOUT = """
WITH said AS (
    SELECT day, currency, payout_id, count(*) AS times, sum(net) AS net
    FROM payouts ANTI JOIN manual USING (day, currency, payout_id)
    WHERE category <> 'payout_reversal'
    GROUP BY day, currency, payout_id
),
found AS (
    SELECT day, currency, payout_id, count(*) AS lines, sum(net) AS net
    FROM paid
    GROUP BY day, currency, payout_id
)
SELECT day, currency, payout_id, coalesce(times, 0) AS times, lines IS NOT NULL AS reconciled,
    coalesce(said.net, 0) AS said, coalesce(found.net, 0) AS found
FROM said FULL JOIN found USING (day, currency, payout_id)
WHERE day IN (SELECT day FROM on_days)
"""

PAYOUTS = f"""
SELECT day, currency, 'payout ' || payout_id AS label, false AS counted, said AS expected, found AS actual,
    CASE WHEN times = 1 AND reconciled THEN 0 ELSE 1 END AS off
FROM ({BY_PAYOUT})
"""

# A payout that came back may be an open item from then on, or not; neither is a difference.
MOVES = """
SELECT day, currency, id, sum(came) AS came, sum(may) AS may, sum(went) AS went FROM (
    SELECT day + 1 AS day, currency, id, 1 AS came, 0 AS may, 0 AS went FROM unpaid
    UNION ALL SELECT day, currency, id, 1, 0, 0 FROM activity
    UNION ALL SELECT day, currency, id, 0, 1, 0 FROM payouts WHERE category = 'payout_reversal'
    UNION ALL SELECT day, currency, id, 0, 0, 1 FROM paid
    UNION ALL SELECT day, currency, id, 0, 0, 1 FROM unpaid
)
SEMI JOIN on_days USING (day)
GROUP BY day, currency, id
"""

CONSERVATION = f"""
SELECT day, currency, 'open before + new = paid out + open, by transaction' AS label, true AS counted,
    sum(came + least(may, greatest(went - came, 0))) AS expected, sum(went) AS actual,
    count(*) FILTER (went < came OR went > came + may) AS off
FROM ({MOVES})
GROUP BY day, currency
"""

UNIQUE = """
SELECT day, currency, 'each balance_transaction_id once' AS label, true AS counted,
    count(DISTINCT id) AS expected, count(*) AS actual,
    count(DISTINCT id) FILTER (id IN (SELECT id FROM repeated)) AS off
FROM activity SEMI JOIN on_days USING (day)
WHERE id <> ''
GROUP BY day, currency
"""

IN_ITS_DAY = """
SELECT day, currency, 'rows within the day, TITLE' AS label, false AS counted,
    coalesce(sum(net), 0) AS expected, coalesce(sum(net) FILTER (inside), 0) AS actual,
    count(*) FILTER (NOT inside) AS off
FROM (
    SELECT *, coalesce(
        utc >= utc_start AND utc < utc_end, local >= local_start AND local < local_end, false
    ) AS inside
    FROM ROWS JOIN on_days USING (day)
)
GROUP BY day, currency
"""

ALL_ROWS = "NOT EXISTS (FROM filtered WHERE filtered.day = payouts.day AND kept <> payouts.currency)"
"""The condition on a payout that no filter left out rows of its currency."""

MANUAL = f"""
WITH rows_lost AS (
    SELECT day, currency
    FROM (
        SELECT day, currency, sum(count) AS lines
        FROM paid_summary WHERE category NOT IN ('', 'total')
        GROUP BY day, currency
    ) AS said
    LEFT JOIN (SELECT day, currency, count(*) AS lines FROM paid GROUP BY day, currency) AS found
    USING (day, currency)
    WHERE said.lines > coalesce(found.lines, 0)
)
SELECT DISTINCT day, currency, payout_id
FROM payouts SEMI JOIN on_days USING (day)
ANTI JOIN rows_lost USING (day, currency)
ANTI JOIN paid USING (day, payout_id)
WHERE category <> 'payout_reversal' AND {ALL_ROWS}
"""

CURRENCIES = """
SELECT DISTINCT day, currency FROM (
    SELECT day, currency, net <> 0 AS not_zero FROM balance
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM activity
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM activity_summary
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM payouts
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM payouts_summary
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM paid
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM paid_summary
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM unpaid
    UNION ALL SELECT day, currency, gross <> 0 OR fee <> 0 OR net <> 0 FROM unpaid_summary
)
SEMI JOIN on_days USING (day)
WHERE currency <> '' OR not_zero
"""
