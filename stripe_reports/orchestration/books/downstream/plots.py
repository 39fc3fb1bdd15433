"""Amounts as numbers that the UI plots over the partitions."""

from stripe_reports.catalog import minor_units


def plotted_amount(name: str, currency: str, amount: int) -> dict[str, int]:
    """Return the amount as `<name>_<currency>_minor_units`: of numbers, only integers are exact.

    `amount` in the units of `close.money`. Nothing where it has a part of the smallest unit, or is too large
    for 64 bits.
    """
    minor = minor_units(amount, currency)
    if minor is None or abs(minor) >= 2**63:
        return {}
    return {f"{name}_{currency or 'no_currency'}_minor_units": minor}
