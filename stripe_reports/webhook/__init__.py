"""The receiver of Stripe's webhook, which keeps events about report runs and new data in the lake's inbox.

It does not need Dagster, so no event is lost while Dagster is down. Dagster's sensors read the inbox; this
file has the names that both sides use, and imports nothing.
"""

# The kinds of events in the inbox.
SUCCEEDED = "succeeded"
FAILED = "failed"
REPORT_TYPE_UPDATED = "report_type_updated"
