"""Faults between a client and Stripe, on request and the same each time."""

from stripe_reports.sandbox.faults.fault import Fault, Occasion
from stripe_reports.sandbox.faults.faults import Faults
from stripe_reports.sandbox.faults.kinds import KINDS

__all__ = ["KINDS", "Fault", "Faults", "Occasion"]
