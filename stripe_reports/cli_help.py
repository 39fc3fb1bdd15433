"""The longer help texts of the command `stripe-reports`."""

from __future__ import annotations

DEMO_HELP = """Land a week of the nine core reports from a local Stripe, and show what came of it.

Nothing leaves this machine, and no Stripe account is needed.

\b
Examples:
  stripe-reports demo
  stripe-reports demo --days 30 --ui
"""

TYPES_HELP = """List the report types that PATTERN selects (an id, a glob or a preset; by default all).

A + behind the number of columns: Stripe may have more than are known here.

\b
Examples:
  stripe-reports types
  stripe-reports types 'payouts.*' --account
  stripe-reports types balance.summary.1 --json
"""

SQL_HELP = """Ask the tables of the lake in SQL; without QUERY, list them with their days, rows and columns.

Each table is a DuckDB view of its name. Its rows have the column date, the day of the report: what is asked
for by date reads the files of those days only, and only the columns that the query needs. This works on S3
as it does on a disk.

Sums of amounts are exact. DuckDB's division and avg() are not: they make floats. A product of two amounts
has more digits than a decimal can have: write net::double * net where a float is enough, or
net::decimal(18, 4) * net::decimal(18, 4), which is exact for amounts of at most 4 decimals. The query can
read the tables and nothing else: no other file, no network, and it cannot write.

CSV is as Stripe writes it: null is nothing between commas, all else is quoted. In JSON, decimals are texts.
What goes to a pipe or a file is complete, or nothing.

\b
Examples:
  stripe-reports sql
  stripe-reports sql "describe balance_summary_1"
  stripe-reports sql "select date, currency, net_amount from balance_summary_1
      where category = 'ending_balance' and date >= '2026-11-01' order by all"
  stripe-reports sql "select currency, sum(gross) from payouts_itemized_3 group by all" --csv > payouts.csv
  stripe-reports sql "from payouts_itemized_3" --parquet payouts.parquet --lake s3://finance-lake/stripe
"""

VERIFY_HELP = """Prove that landed tables are what Stripe's CSVs say, value by value.

The lake keeps each CSV as it came. This reads them again, with a reader that shares no code with the one
that landed them, and compares every value of each TABLE (by default of all that came from Stripe) with its
text.

The exit code is 0 only if every landed day that was asked for is proven. A day whose CSV is not kept cannot
be: it is listed as that, and the exit code is 1 as for a difference. Materialize it again, or leave it out
with --from and --to.

\b
Examples:
  stripe-reports verify
  stripe-reports verify balance_summary_1 payouts_itemized_3 --from 2026-11-01
  stripe-reports verify --lake s3://finance-lake/stripe --from 2026-11-20 --to 2026-11-20
"""

WEBHOOK_HELP = """Receive Stripe's webhook, and keep what it tells in the lake for Dagster's sensors.

In Stripe's Dashboard (Developers, Webhooks, Add destination) register the public address of this receiver,
which ends with /stripe/webhook, and select by name, with snapshot payloads:

\b
  reporting.report_run.succeeded
  reporting.report_run.failed
  reporting.report_type.updated

Stripe delivers by HTTPS only: put a proxy with a certificate in front, which must not change the body. Set
STRIPE_WEBHOOK_SECRET to the endpoint's signing secret; while it is rolled, to both, with a comma between
them. A delivery is answered with 200 once it is kept, so nothing is lost while Dagster is down. GET /healthz
says whether the lake answers.

\b
Examples:
  stripe-reports webhook
  stripe-reports webhook --host 0.0.0.0 --port 8080 --lake s3://finance-lake/stripe

\b
To try it without Stripe, start a local one that delivers, and the receiver with the secret that it prints:
  stripe-reports sandbox --webhook-url http://127.0.0.1:8000/stripe/webhook
  STRIPE_WEBHOOK_SECRET=whsec_sandbox_no_secret stripe-reports webhook
"""
