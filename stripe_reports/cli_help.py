"""The longer help texts of the command `stripe-reports`."""

from __future__ import annotations

SANDBOX_HELP = """Run a local Stripe with made-up data, until Ctrl-C.

It speaks Stripe's reporting API over a ledger that is the same for the same seed. It prints the variables
that point this project, the Stripe CLI or the Stripe SDK at it.

\b
Examples:
  stripe-reports sandbox
  stripe-reports sandbox --port 12111 --files-port 12112 --latency 2 --rows-per-day 10000
  stripe-reports sandbox --live --account-profile connect
  stripe-reports sandbox --latency 20 --runs-at-once 4
  stripe-reports sandbox --fault status:code=429,probability=0.05,seed=3 --fault reset:method=POST,count=1
  stripe-reports sandbox --fault 'late:seconds=86400,report_type=tax.*'
  stripe-reports sandbox --webhook-url http://127.0.0.1:8000/stripe/webhook --fault webhook_duplicate
  stripe-reports sandbox --tamper 2026-11-20,cent --tamper 2026-11-12,payout_reversed,currency=eur

\b
Faults:
  KIND or KIND:key=value,key=value. One happens on every occasion, or with count=N on the next N, or with
  probability=P (and seed=S) now and then, the same each time. report_type=GLOB narrows most of them;
  status, reset and stored_500 take method= and path=GLOB too. Kinds, and what else they take:
  late                  seconds=86400 beyond=refused|short|failed: data is not there yet
  pending               seconds=: a report run stays pending, forever if it is not said
  failed                error=: a report run fails
  cached                seconds=3600: a POST is answered with the older file of another run
  expired               seconds=0: a result file is kept that long
  wrong_size            bytes=1: a result's size differs from its file by so much
  header_only           a result without rows
  extra_column          column= value=: one more at the end of a result
  missing_column        column=: one less, the last if it is not said
  reordered             columns from right to left
  unfit                 column= row=1 value=n/a: no amount, in the first column of amounts
  restated              day=YYYY-MM-DD status=failed rows=1: that day is told otherwise from now on
  status                code=500 error_code= retry_after= body=json|html when=before|after
  reset                 when=after|before: the connection drops after a request is accepted, or before
  stored_500            a 500 that its idempotency key repeats
  no_range              the header Range is ignored
  truncated             bytes= declared=full|short: half of each answer, or so many bytes of it
  slow                  bytes_per_second=10000: a file trickles
  file_late             seconds=1: a file is 404 until it is that old
  duplicate_events      each event of a list twice
  unordered_events      events of a list from old to new
  webhook_wrong_secret  a delivery is signed with another secret
  webhook_stale         seconds=600: a delivery is signed long ago
  webhook_duplicate     times=2: an event is delivered again
  webhook_unordered     seconds=1: an event is delivered after a later one, or so late

\b
Tamperings:
  DAY,KIND or DAY,KIND,key=value: what is unusual about a UTC day, the same each time. After one of these, the
  books are so, and all reports agree:
  payout_reversed       currency=: that day's automatic payout fails, and comes back two days later
  manual_payout         currency=: half of what is available is paid out by hand
  restated              report_type=* status=failed: from the second report run of a type on, the day's first
                        row has another payout status or description; no amount changes
  After one of these, a report is wrong in one row, the first of the day (of the currency and category=GLOB),
  by default in report_type=balance_change_from_activity.itemized.*:
  cent                  report_type= currency= category= column=net: 0.01 usd, 1 jpy or 0.001 kwd too high
  lost                  report_type= currency= category=: the row is not there
  doubled               report_type= currency= category=: the row stands there twice

While it runs, POST /_faults on the API host sets one more ({"kind": "status", "code": 429, "count": 2}),
GET /_faults lists them, DELETE /_faults clears them; no key is needed. POST /_tamperings tampers with one
more day ({"day": "2026-11-20", "kind": "cent"}), and GET /_tamperings lists what is set.
"""

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
