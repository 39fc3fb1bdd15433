"""Who is connected to the platform: a fixed set of businesses that do not exist."""

from __future__ import annotations

from dataclasses import dataclass

from stripe_reports.sandbox.ledger.chance import Seed


@dataclass(frozen=True, slots=True)
class Connected:
    """A business with an account of its own, with so many times fewer transactions than the platform."""

    name: str
    country: str
    smaller_by: int

    def seed(self, platform: Seed) -> str:
        """What its books are made from: text, and so never the seed of a platform."""
        return f"{platform}/{self.name}"


CONNECTED = (
    Connected("Fernhollow Pottery", "US", 4),
    Connected('Studio "Quendel", Töpferei', "DE", 6),
    Connected("見本工房", "JP", 10),
)
"""In the order in which their rows come where two fall on the same second."""
