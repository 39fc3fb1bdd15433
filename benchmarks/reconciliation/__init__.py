"""How long a year of the core reports takes to reconcile, and in how much memory."""
