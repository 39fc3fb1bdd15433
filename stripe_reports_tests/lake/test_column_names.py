"""Column names are the same on each day, and different for engines that know no case."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_reports.lake import Csv, ExpectedColumns, Lake
from stripe_reports.lake.parsing.schema import table_columns
from stripe_reports_tests.lake.support import DAY, ITEMIZED, TABLE, land, stripe_csv
from stripe_reports_tests.lake.tampering import proven


def _names(expected: Sequence[str], unexpected: Sequence[str] = ()) -> dict[str, str]:
    columns = table_columns([*unexpected, *expected], ExpectedColumns(expected))
    return {column.header: column.name for column in columns}


def test_keys_that_differ_in_case_are_two_columns_for_duckdb(lake: Lake) -> None:
    header = ["payment_metadata[ext_id]", "payment_metadata[Ext_Id]"]
    landed = land(lake, stripe_csv(header, [("1", "2")]), expected=header)
    assert landed.schema.names == ["payment_metadata_ext_id", "payment_metadata_Ext_Id_0af2296f"]
    assert landed.schema.field(1).metadata == {b"stripe_column": b"payment_metadata[Ext_Id]"}
    assert duckdb.sql(
        f"SELECT payment_metadata_ext_id, PAYMENT_METADATA_EXT_ID_0AF2296F FROM '{Path(landed.uri)}'"
    ).fetchall() == [("1", "2")]
    assert proven(lake).values == 2


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("payment_metadata[order_id]", "payment_metadata_order_id"),
        ("payment_metadata[orderId]", "payment_metadata_orderId"),
        ("payment_metadata[order id]", "payment_metadata_order id"),
        ("payment_metadata[order.id]", "payment_metadata_order.id"),
        ("payment_metadata[Größe]", "payment_metadata_Größe"),
        ("date", "date"),
        ("Date", "Date_99c40ab4"),
        ("net", "net"),
    ],
)
def test_a_name_that_no_other_column_would_have_is_kept(header: str, name: str) -> None:
    assert _names([header]) == {header: name}


@pytest.mark.parametrize(
    ("expected", "unexpected", "kept"),
    [
        (["m[K]", "m[k]"], [], ["m[k]"]),
        (["m[K]", "m[kk]", "m[Kk]", "m[KK]"], [], ["m[K]", "m[kk]"]),
        (["m[Kk]", "m[KK]"], [], []),
        (["m[k]", "m_k"], [], ["m_k"]),
        (["m[K]", "m_k", "m[k]"], [], ["m_k"]),
        (["m[k_l]", "m_k[l]"], [], []),
        (["m[K]"], ["m[k]", "m_k"], ["m[K]"]),
        (["net"], ["Net", "NET"], ["net"]),
        ([], ["Net", "NET"], []),
        (["m[ß]", "m[SS]", "m[ss]"], [], ["m[ss]"]),
        (["m[\u212a]", "m[k]"], [], ["m[k]"]),  # the sign for Kelvin
        (["date", "Date"], [], ["date"]),
    ],
)
def test_of_names_that_are_one_in_sql_at_most_one_is_kept(
    expected: list[str], unexpected: list[str], kept: list[str]
) -> None:
    names = _names(expected, unexpected)
    plain = {header: header.replace("[", "_").replace("]", "") for header in names}
    assert [header for header in [*expected, *unexpected] if names[header] == plain[header]] == kept
    for header in set(names) - set(kept):
        assert names[header].startswith(f"{plain[header]}_")
        assert len(names[header]) == len(plain[header]) + 9


_HEADERS = st.sets(
    st.builds(
        lambda prefix, key: f"{prefix}[{key}]" if key else prefix,
        st.sampled_from(["m", "M", "m_a", "date", "net"]),
        st.text("aAßs_ .[]", max_size=3),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=200)
@given(_HEADERS, _HEADERS, st.randoms())
def test_names_differ_without_case_and_follow_from_what_was_asked_for(
    asked: set[str], more: set[str], shuffled: random.Random
) -> None:
    expected = sorted(asked)
    names = _names(expected)
    assert len({name.lower() for name in names.values()}) == len(names)
    order = shuffled.sample(expected, len(expected))
    with_more = _names(order, sorted(more - asked))
    assert {header: with_more[header] for header in expected} == names
    assert len({name.lower() for name in with_more.values()}) == len(with_more)


def test_a_column_that_a_day_lacks_has_the_name_that_it_has_on_other_days(lake: Lake) -> None:
    expected = ExpectedColumns(["m[K]", "m[k]"], optional=frozenset({"m[k]"}))
    both = lake.land(ITEMIZED, DAY, [Csv([b"m[k],m[K]\n1,2\n"])], expected=expected, facts={})
    one = lake.land(ITEMIZED, DAY, [Csv([b"m[K]\n2\n"])], expected=expected, facts={})
    assert both.schema.names == one.schema.names
    assert lake.read_table(TABLE)["m_k"].to_pylist() == [None]
    assert proven(lake).rows == 1
