"""The command `stripe-reports sandbox`."""

from __future__ import annotations

from typing import Any

import click

_EXAMPLES = """\b
Examples:
  stripe-reports sandbox
  stripe-reports sandbox --port 12111 --files-port 12112 --latency 2 --rows-per-day 10000
  stripe-reports sandbox --live --account-profile connect
  stripe-reports sandbox --latency 20 --runs-at-once 4
  stripe-reports sandbox --fault status:code=429,probability=0.05,seed=3 --fault reset:method=POST,count=1
  stripe-reports sandbox --fault 'late:seconds=86400,report_type=tax.*'
  stripe-reports sandbox --webhook-url http://127.0.0.1:8000/stripe/webhook --fault webhook_duplicate
  stripe-reports sandbox --tamper 2026-11-20,cent --tamper 2026-11-12,payout_reversed,currency=eur
"""


@click.command("sandbox", epilog=_EXAMPLES)
@click.option("--port", default=12111, show_default=True, help="Port of the API host.")
@click.option("--files-port", default=12112, show_default=True, help="Port of the files host.")
@click.option("--key", default=None, help="The only key that is accepted.  [default: a fixed one]")
@click.option("--live", is_flag=True, help="Live mode: the fixed key looks like a live one.")
@click.option("--latency", default=0.3, show_default=True, help="Seconds that building a report run takes.")
@click.option(
    "--runs-at-once",
    default=None,
    type=int,
    help="How many report runs are built at once; others wait.  [default: no limit]",
)
@click.option("--seed", default=1, show_default=True, help="Each seed is another merchant.")
@click.option(
    "--rows-per-day", default=40, show_default=True, help="Balance transactions on an ordinary day."
)
@click.option(
    "--account-profile",
    default="full",
    show_default=True,
    type=click.Choice(["plain", "connect", "full"]),
    help="Which report types the account has.",
)
@click.option("--fault", "faults", multiple=True, metavar="FAULT", help="A fault; may be repeated.")
@click.option(
    "--tamper",
    "tampering",
    multiple=True,
    metavar="DAY,KIND",
    help="Something unusual on a day; may be repeated.",
)
@click.option("--webhook-url", default=None, help="Deliver events there: report runs that ended, new data.")
@click.option("--webhook-secret", default=None, help="Signs the deliveries.  [default: a fixed one]")
def command(
    live: bool, key: str | None, webhook_url: str | None, webhook_secret: str | None, **settings: Any
) -> None:
    """Run a local Stripe with made-up data, until Ctrl-C.

    It serves Stripe's reporting API over a ledger; the same seed gives the same ledger. It prints the
    variables that point this project, the Stripe CLI or the Stripe SDK at it.

    \b
    Faults:
      KIND or KIND:key=value,key=value. A fault happens every time, or with count=N the next N times, or with
      probability=P (and seed=S) at random, the same each run. report_type=GLOB narrows most kinds to report
      types; status, reset and stored_500 take method= and path=GLOB too. Kinds, and what else they take:
      late                  seconds=86400 beyond=refused|short|failed: data arrive late
      pending               seconds=: a report run stays pending, forever without seconds=
      failed                error=: a report run fails
      cached                seconds=3600: a POST is answered with the older file of another run
      expired               seconds=0: a result file is kept for so long
      wrong_size            bytes=1: a result's size differs from its file by so much
      header_only           a result has no rows
      extra_column          column= value=: a result has one more column, at its end
      missing_column        column=: a result lacks a column, the last by default
      reordered             columns are from right to left
      unfit                 column= row=1 value=n/a: a value is not an amount, in the first column of amounts
      restated              day=YYYY-MM-DD status=failed rows=1: that day's rows change from now on
      status                code=500 error_code= retry_after= body=json|html when=before|after
      reset                 when=after|before: the connection drops after, or before, a request is accepted
      stored_500            a 500 that its idempotency key repeats
      no_range              the header Range is ignored
      truncated             bytes= declared=full|short: half of each answer, or so many bytes of it
      slow                  bytes_per_second=10000: a file arrives slowly
      file_late             seconds=1: a file is 404 until it is that old
      duplicate_events      each event of a list comes twice
      unordered_events      events of a list come from old to new
      webhook_wrong_secret  a delivery is signed with another secret
      webhook_stale         seconds=600: the signature of a delivery is so old
      webhook_duplicate     times=2: an event is delivered again
      webhook_unordered     seconds=1: an event is delivered after a later one, or so late

    \b
    Tamperings:
      DAY,KIND or DAY,KIND,key=value: something unusual on a UTC day, the same each time. With one of these,
      the books change, and all reports agree:
      payout_reversed       currency=: that day's automatic payout fails, and comes back two days later
      manual_payout         currency=: half of what is available is paid out by hand
      restated              report_type=* status=failed: from the second report run of a type on, the day's
                            first row has another payout status or description; no amount changes
      With one of these, a report is wrong in one row, the first of the day (of the currency and
      category=GLOB), by default in report_type=balance_change_from_activity.itemized.*:
      cent                  report_type= currency= category= column=net: 0.01 usd, 1 jpy or 0.001 kwd too high
      lost                  report_type= currency= category=: the row is missing
      doubled               report_type= currency= category=: the row is there twice

    While it runs, POST /_faults on the API host adds a fault ({"kind": "status", "code": 429, "count": 2}),
    GET /_faults lists them, DELETE /_faults clears them; no key is needed. POST /_tamperings tampers with
    one more day ({"day": "2026-11-20", "kind": "cent"}), and GET /_tamperings lists what is set.
    """
    from stripe_reports.sandbox.sandbox import DEFAULT_LIVE_KEY, Sandbox

    if live and key is not None:
        raise click.UsageError("--live chooses the key, and --key gives one: use one of the two")
    if webhook_secret and not webhook_url:
        raise click.UsageError("--webhook-secret signs what --webhook-url delivers: give both, or neither")
    local = Sandbox(
        key=DEFAULT_LIVE_KEY if live else key,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        **settings,
    )
    lines = {"STRIPE_WEBHOOK_SECRET": local.webhook_secret} if webhook_url else {}

    def show() -> None:
        addresses = {"STRIPE_API_BASE": local.api_base, "STRIPE_FILES_BASE": local.files_base}
        for name, value in ({"STRIPE_API_KEY": local.key} | addresses | lines).items():
            click.echo(f"export {name}={value}")

    local.serve(on_ready=show)
