"""The accounts connected to the platform: a fixed set of made-up businesses."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_reports.sandbox.ledger.chance import Seed


@dataclass(frozen=True, slots=True)
class Connected:
    """A business with its own account, with `smaller_by` times fewer transactions than the platform."""

    name: str
    country: str
    smaller_by: int

    def seed(self, platform: Seed) -> str:
        """Return the seed of its ledger: a text, and so never the seed of a platform."""
        return f"{platform}/{self.name}"


CONNECTED = (
    Connected("Fernhollow Pottery", "US", 4),
    Connected('Studio "Quendel", Töpferei', "DE", 6),
    Connected("見本工房", "JP", 10),
)
"""The connected businesses; rows of the same second are in this order."""
