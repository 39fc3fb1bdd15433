"""Texts that are difficult for CSV readers: commas, quotes, newlines, many scripts, empty and missing.

All of it is made up; e-mail addresses are in reserved domains that nobody can own.
"""

from __future__ import annotations

CUSTOMER_NAMES = (
    "Ardelle Quintov",
    "Bram Oskerling",
    "Quillon & Daughters, Ltd.",
    'The "Blue Kettle" Tea Room',
    "Zoe\u0308 Ve\u0301rane\u0302",  # combining marks, not composed
    "Łucyna Brzozińska-Fikcyjna",
    "架空 花子",
    "示例商店（虚构）",
    "가상 상점",
    "חנות לדוגמה",
    "متجر خيالي",
    "नमूना दुकान",
    "Ωμέγα Δοκιμή",
    "Пример Вымышленный",
    "𝔊𝔬𝔱𝔥𝔦𝔠 Press",  # beyond the basic plane
    "Bäckerei 🥐 Söhnlein",
    "👩‍🚀 Orbit Supplies",  # a joined emoji
    "Nulla, Vexa",
    "Line One\nLine Two GmbH",
    "  spaces around  ",
    'O\'Tambrel, "Junior"',
    "NULL",
    "0042",
    "=SUM(A1:A9)",
    "Tavi Mersholt",
    "Ines Calloway-Ruhn",
    "Pell",
    "",
    None,
)

CHARGE_DESCRIPTIONS = (
    "Subscription creation",
    "Subscription update",
    "Payment for Invoice",
    "2 × Ceramic mug, glazed",
    'Book: "A Field Guide to Rain"',
    "Gift card\nTo: a friend\nFrom: me",
    "Course, part 1, part 2, and part 3",
    "☕ Coffee beans, 1 kg – dark “roast”",
    "寿司セット（二人前）",
    "שובר מתנה",
    "قسيمة هدية",
    'She said ""yes"", twice',
    '"',
    ",",
    "C:\\orders\\2025\\new",
    "tab\there",
    "carriage\r\nreturn",
    "e\u0301cole / école",
    "🧵🪡 Embroidery kit",
    "",
    None,
)

CUSTOMER_DESCRIPTIONS = ("Wholesale", "Retail, walk-in", 'Tier "gold"', "Since\n2019", "", None, None)

REFUND_REASONS = (
    "arrived broken",
    "ordered twice, by mistake",
    'customer: "too small"',
    "zu groß 😕",
    "",
    None,
)

DISPUTE_REASONS = ("fraudulent", "product_not_received", "duplicate", "credit_not_processed", "general")

ADJUSTMENTS = (
    "Correction of a conversion, as announced",
    'Goodwill credit, ticket "A-17"',
    "Balance adjustment\n(see the letter)",
)

FEES = (
    "Billing - Usage Fee",
    "Radar (2025 plan), per screened payment",
    "Sigma – monthly fee",
    "Tax Automatic",
)

STREETS = (
    "1 Imaginary Row",
    "22 Sample Street, Flat 3",
    'Haus "Zur Linde"',
    "見本町 1-2-3",
    "Rue de l’Exemple 9",
)
CITIES = ("Nowherville", "Beispielstadt", "São Exemplo", "見本市", "Exampleton")
STATES = ("NV", "BE", "", None)
POSTAL_CODES = ("00001", "01234", "A1B 2C3", "100-0001", None)
COUNTRIES = ("US", "DE", "BR", "JP", "KW", "GB")
CHANNELS = ("web", "app", "till, front", None)
