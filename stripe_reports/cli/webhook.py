"""The command `stripe-reports webhook`."""

from __future__ import annotations

import click

from stripe_reports.cli.lake_option import lake_option

_EXAMPLES = """\b
Examples:
  stripe-reports webhook
  stripe-reports webhook --host 0.0.0.0 --port 8080 --lake s3://finance-lake/stripe

\b
To try it without Stripe, start a local one that delivers, and the receiver with the secret that it prints:
  stripe-reports sandbox --webhook-url http://127.0.0.1:8000/stripe/webhook
  STRIPE_WEBHOOK_SECRET=whsec_sandbox_no_secret stripe-reports webhook
"""


@click.command("webhook", epilog=_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@lake_option
def command(host: str, port: int, uri: str | None) -> None:
    """Receive Stripe's webhook.

    The receiver keeps the events in the lake, where Dagster's sensors read them. In Stripe's Dashboard
    (Developers, Webhooks, Add destination) register the public address of this receiver, which ends with
    /stripe/webhook, and select by name, with snapshot payloads:

    \b
      reporting.report_run.succeeded
      reporting.report_run.failed
      reporting.report_type.updated

    Stripe delivers by HTTPS only: put a proxy with a certificate in front, which must not change the body.
    Set STRIPE_WEBHOOK_SECRET to the endpoint's signing secret; while you roll it, to both secrets, with a
    comma between them. A delivery is answered with 200 only after its event is kept, so nothing is lost
    while Dagster is down. GET /healthz says whether the lake answers.
    """
    from stripe_reports.webhook.receiver import log_events, webhook_app_of_environment
    from stripe_reports.webhook.server import serve_webhook

    app = webhook_app_of_environment(uri)
    log_events()
    serve_webhook(app, host, port, lambda url: click.echo(f"Listening on {url}, until Ctrl-C"))
