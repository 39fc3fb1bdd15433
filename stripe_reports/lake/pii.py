"""What happens to personal data when a day lands: it is kept, hashed, or dropped."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

from stripe_reports.errors import ConfigurationError

Pii = Literal["keep", "hash", "drop"]
"""The policy for personal data. `catalog.personal_data` names the columns that it is about.

`keep` lands them as they are, `hash` lands a pseudonym for each text, `drop` leaves the columns out.
"""

POLICIES: tuple[Pii, ...] = get_args(Pii)
"""All policies; the first is the default."""

_SHORTEST_KEY = 32
_WHAT_THE_ID_SIGNS = b"stripe_reports pii key id"
_ID_LENGTH = 16


def check_pii(policy: str) -> None:
    """Raise ConfigurationError for a text that is not a policy."""
    if policy not in POLICIES:
        raise ConfigurationError(f"pii is {policy!r}; set it to {', '.join(POLICIES[:-1])} or {POLICIES[-1]}")


@dataclass(frozen=True, slots=True)
class PiiRule:
    """A policy, and for `hash` the key of the pseudonyms. No text shows the key."""

    policy: Pii = "keep"
    key: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, policy: Pii, key: str) -> Self:
        """Return the rule. Blanks around the key do not belong to it.

        Raises ConfigurationError for an unknown policy, and for `hash` without a key of at least 32
        characters.
        """
        check_pii(policy)
        if policy != "hash":
            return cls(policy)
        key = key.strip()
        if len(key) < _SHORTEST_KEY:
            fault = f"is shorter than {_SHORTEST_KEY} characters" if key else "is not set"
            raise ConfigurationError(
                f"personal data is to be hashed (pii=hash), and STRIPE_REPORTS_PII_KEY {fault}; nothing was"
                " landed; set it to a random text, such as the output of `openssl rand -hex 32`, and keep it"
                " as long as the tables"
            )
        return cls(policy, key.encode())

    @property
    def hides(self) -> bool:
        """Whether the tables have no personal data in clear. Then no message quotes a value of a CSV."""
        return self.policy != "keep"

    @property
    def key_id(self) -> str:
        """A name for the key that does not reveal it; empty without a key."""
        if not self.key:
            return ""
        return hmac.digest(self.key, _WHAT_THE_ID_SIGNS, "sha256").hex()[:_ID_LENGTH]


KEEP = PiiRule()
