"""Receiving Stripe's webhook: each event about report runs or new data is kept in the lake's inbox.

No Dagster has to run for it, so no event is lost while Dagster is down; Dagster's sensors read the inbox.
What this file defines is all that they need to know.
"""

# The kinds of events in the inbox.
SUCCEEDED = "succeeded"
FAILED = "failed"
REPORT_TYPE_UPDATED = "report_type_updated"
