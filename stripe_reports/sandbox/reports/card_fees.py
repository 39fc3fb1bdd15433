"""The costs of card networks: interchange, schemes and Stripe's part, to the sixth decimal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from stripe_reports.sandbox.ledger import CONNECTED, AnyLedger, BalanceTransaction, Ledger, chance, decimals
from stripe_reports.sandbox.reports.query import Query, Row
from stripe_reports.sandbox.reports.sums import summed

_SCALE = 6
_PLAN = "IC+ standard"


class CardFee(NamedTuple):
    """A fee: `rate` in thousandths of the volume, `fixed` and `subtotal` in millionths of a unit."""

    category: str
    name: str
    rate: int
    fixed: int
    subtotal: int


def card_payments_fees(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield three rows per card payment: `subtotal = rate * volume + fixed amount * count`."""
    for t, fees in _payments(ledger, query):
        for fee in fees:
            yield {
                "charge_id": t.source_id,
                "event_type": "charge",
                "fee_category": fee.category,
                "fee_name": fee.name,
                "plan_name": _PLAN,
                "variable_rate": query.decimal(fee.rate * 1000, _SCALE),
                "variable_volume_amount": query.decimal(_volume(t), _SCALE),
                "fixed_per_item_amount": query.decimal(fee.fixed, _SCALE),
                "fixed_per_item_count": "1",
                "subtotal": query.decimal(fee.subtotal, _SCALE),
            }


def connect_transaction_level(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield a row per card payment of a connected account; `total_amount` is the sum of its parts."""
    joint = ledger.connected()
    names = _names(ledger)
    for t, fees in _payments(joint, query):
        interchange, scheme, discount = fees
        payout = joint.payout_of(t, query.known_until)
        yield {
            "platform_id": ledger.account,
            "connected_account_id": t.account,
            "connected_account_name": names[t.account],
            "transfer_id": f"tr_{t.id[4:]}",
            "transfer_created": query.local(t.created),
            "balance_transaction_id": t.id,
            "balance_transaction_created": query.local(t.created),
            "automatic_payout_id": payout.id if payout else None,
            "fee_incurred_at": query.local(t.created),
            "charge_id": t.source_id,
            "captured_amount": query.money(t.gross, t.currency),
            "captured_currency": t.currency,
            **(t.charge.payment_method.columns if t.charge else {}),
            "bin": f"{chance('bin', t.id).randrange(10**6):06d}",
            "issuing_bank": "Bank of Nowherville",
            "card_present": "false",
            "fee_category": "card_payments",
            "card_scheme_fee": query.decimal(scheme.subtotal, _SCALE),
            "interchange_fee": query.decimal(interchange.subtotal, _SCALE),
            "non_transactional_card_scheme_fee": query.decimal(0, _SCALE),
            "discount_fee": query.decimal(discount.subtotal, _SCALE),
            "platform_application_fee": query.decimal(0, _SCALE),
            "total_amount": query.decimal(sum(fee.subtotal for fee in fees), _SCALE),
            "fee_currency": t.currency,
            "livemode": "true",
        }


def connect_plan_level(ledger: Ledger, query: Query) -> Iterator[Row]:
    """Yield the sums of `connect_transaction_level` by connected account, kind of cost and currency."""
    names = _names(ledger)
    keyed = (
        ((t.account, fee.category, t.currency), (fee.subtotal,))
        for t, fees in _payments(ledger.connected(), query)
        for fee in fees
    )
    for (account, category, currency), (total,) in summed(keyed, 1):
        yield {
            "platform_id": ledger.account,
            "connected_account_id": account,
            "connected_account_name": names[account or ""],
            "plan_name": _PLAN,
            "network_cost_category": category,
            "total_amount": query.decimal(total, _SCALE),
            "fee_currency": currency,
            "livemode": "true",
        }


def _payments(
    ledger: AnyLedger, query: Query
) -> Iterator[tuple[BalanceTransaction, tuple[CardFee, CardFee, CardFee]]]:
    for t in ledger.activity(query.start, query.end):
        if t.reporting_category == "charge" and t.charge and "card_brand" in t.charge.payment_method.columns:
            yield t, _fees(t)


def _fees(t: BalanceTransaction) -> tuple[CardFee, CardFee, CardFee]:
    draw = chance("network", t.id)
    # thousandths of a volume with up to three decimals: six decimals are exact
    return (
        _fee(t, "interchange", "Consumer cards, domestic", draw.choice((2, 3, 15, 18)), 5_991),
        _fee(t, "card_scheme", "Assessment", 1, draw.choice((10_000, 19_500, 25))),
        _fee(t, "discount", "Stripe, per payment", draw.choice((3, 4)), 100_000),
    )


def _fee(t: BalanceTransaction, category: str, name: str, rate: int, fixed: int) -> CardFee:
    return CardFee(category, name, rate, fixed, rate * _volume(t) // 1000 + fixed)


def _volume(t: BalanceTransaction) -> int:
    """Return the paid amount in millionths."""
    return int(t.gross * 10 ** (_SCALE - decimals(t.currency)))


def _names(ledger: Ledger) -> dict[str, str]:
    return {id_: each.name for id_, each in zip(ledger.connected_accounts, CONNECTED, strict=True)}
