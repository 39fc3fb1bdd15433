"""The tax reports: transactions, the itemized export and the summary."""

from __future__ import annotations

from collections.abc import Iterator

from stripe_reports.sandbox.ledger import AnyLedger, at_rate, decimals
from stripe_reports.sandbox.reports.query import Query, Row
from stripe_reports.sandbox.reports.sums import summed
from stripe_reports.sandbox.reports.tax_line import TaxLine, tax_lines
from stripe_reports.sandbox.reports.tax_place import EXCHANGE_SCALE, RATE_SCALE, exchange_rate

_HOME = ("1 Imaginary Row", "Nowherville", "CA", "00001", "US")


def tax_transactions(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield a row per line item and jurisdiction of the charges and refunds in the interval."""
    return query.matching(_row(query, line) for line in _lines(ledger, query))


def tax_export(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the same rows with the column names of Stripe's export, in which `id` is the line's id."""
    for row in tax_transactions(ledger, query):
        yield row | {"tax_transaction_id": row["id"], "id": row["export_id"]}


def tax_summary(ledger: AnyLedger, query: Query) -> Iterator[Row]:
    """Yield the sums by jurisdiction, rate and currency; refunds are positive, in separate columns."""
    start, end = query.local(query.start), query.local(query.end)
    lines = (line for line in _lines(ledger, query) if any(query.matching([_row(query, line)])))
    for key, amounts in summed(map(_keyed, lines), 6):
        country, level, name, rate, currency = key
        if query.currency not in (None, currency):
            continue
        sales, tax, taxable, non_taxable, refunded, tax_refunded = (
            query.money(amount, currency or "") for amount in amounts
        )
        yield {
            "transaction_date_start": start,
            "transaction_date_end": end,
            "country_code": country,
            "jurisdiction_level": level,
            "jurisdiction_name": name,
            "tax_rate": query.decimal(int(rate or 0), RATE_SCALE),
            "transaction_currency": currency,
            "total_sales": sales,
            "total_tax_collected": tax,
            "total_taxable_sales": taxable,
            "total_nontaxable_sales": non_taxable,
            "total_sales_refunded": refunded,
            "total_tax_refunded": tax_refunded,
        }


def _lines(ledger: AnyLedger, query: Query) -> Iterator[TaxLine]:
    for t in ledger.activity(query.start, query.end):
        yield from tax_lines(t)


def _keyed(line: TaxLine) -> tuple[tuple[str, ...], tuple[int, ...]]:
    place = line.jurisdiction
    key = (line.place.country, place.level, place.name, str(place.rate), line.transaction.currency)
    if line.is_reversal:
        return key, (0, 0, 0, 0, -line.subtotal, -line.tax)
    return key, (line.subtotal, line.tax, line.taxable, line.non_taxable, 0, 0)


def _row(query: Query, line: TaxLine) -> Row:
    t, place, jurisdiction = line.transaction, line.place, line.jurisdiction
    return {
        "id": line.id,
        "export_id": f"{line.id}_{line.number}_{jurisdiction.key}",
        "line_item_id": f"tax_li_{t.id[4:]}_{line.number}",
        "reversal_original_tax_transaction_id": line.sale_id if line.is_reversal else None,
        "provider": "stripe_tax",
        "applied_tax_calculation_type": "automatic",
        "type": "reversal" if line.is_reversal else "transaction",
        "transaction_type": "refund" if line.is_reversal else "sale",
        "payment_intent_id": line.charge.payment_intent,
        "refund_id": t.source_id if t.reporting_category == "refund" else None,
        "connected_account": t.account,
        "customer_tax_id": f"{place.country}{line.charge.customer.id[-9:].upper()}" if place.is_eu else None,
        "currency": t.currency,
        **query.stamps("transaction_date", t.created),
        **query.stamps("tax_date", t.created),
        "subtotal": query.money(line.subtotal, t.currency),
        "taxable_amount": query.money(line.taxable, t.currency),
        "non_taxable_amount": query.money(line.non_taxable, t.currency),
        "tax_amount": query.money(line.tax, t.currency),
        "total": query.money(line.subtotal + line.tax, t.currency),
        "quantity": "1",
        "quantity_decimal": "1",
        "country_code": place.country,
        "state_code": place.state,
        "jurisdiction_level": jurisdiction.level,
        "jurisdiction_name": jurisdiction.name,
        "jurisdiction_key": jurisdiction.key,
        "is_eu_vat_moss": "true" if place.is_eu else "false",
        "tax_type": jurisdiction.tax_type,
        "tax_name": jurisdiction.tax_name,
        "tax_rate": query.decimal(jurisdiction.rate, RATE_SCALE),
        "tax_code": "txcd_99999999" if line.taxable else "txcd_00000000",
        "tax_behavior": "inclusive",
        "taxable": "true" if line.taxable else "false",
        "taxability": "taxable" if line.taxable else "not_taxable",
        "taxability_reason": _reason(line),
        "refund_metadata[reason]": t.refund_reason,
        **_addresses(line),
        **_filing(query, line),
    }


def _reason(line: TaxLine) -> str:
    if not line.jurisdiction.rate:
        return "not_collecting"
    if not line.taxable:
        return "product_exempt"
    return "portion_product_exempt" if line.non_taxable else "standard_rated"


def _addresses(line: TaxLine) -> Row:
    line1, city, state, postal_code, country = _HOME
    return {
        "origin_resolved_address_line1": line1,
        "origin_resolved_address_city": city,
        "origin_resolved_address_state": state,
        "origin_resolved_address_postal_code": postal_code,
        "origin_resolved_address_country": country,
        "destination_resolved_address_city": line.place.city,
        "destination_resolved_address_state": line.place.state,
        "destination_resolved_address_postal_code": line.place.postal_code,
        "destination_resolved_address_country": line.place.country,
    }


def _filing(query: Query, line: TaxLine) -> Row:
    """Return the amounts in the jurisdiction's currency; there too, the total is the sum of its parts."""
    currency, filing = line.transaction.currency, line.place.filing_currency
    rate = exchange_rate(currency, filing)
    numerator = rate * 10 ** decimals(filing)
    denominator = 10 ** (EXCHANGE_SCALE + decimals(currency))
    taxable, non_taxable, tax = (
        at_rate(amount, numerator, denominator) for amount in (line.taxable, line.non_taxable, line.tax)
    )
    return {
        "filing_currency": filing,
        "filing_exchange_rate": query.decimal(rate, EXCHANGE_SCALE),
        "filing_taxable_amount": query.money(taxable, filing),
        "filing_non_taxable_amount": query.money(non_taxable, filing),
        "filing_tax_amount": query.money(tax, filing),
        "filing_total": query.money(taxable + non_taxable + tax, filing),
    }
