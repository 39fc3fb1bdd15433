"""Documents of a month are written once; they are replaced where that is meant, and not otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from stripe_reports.close.kept_closing import KeptClosing, keep_closing
from stripe_reports.close.month import Month
from stripe_reports.errors import CloseError
from stripe_reports.lake import Lake

_MONTH = Month(date(2026, 10, 1))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.open(str(tmp_path))


def _documents(books: Mapping[str, bytes], evidence: str = "a") -> dict[str, bytes]:
    digests = {name: sha256(body).hexdigest() for name, body in books.items()}
    return {**books, "close.json": json.dumps({"evidence": evidence, "sha256": digests}).encode()}


_BOOKS = {"journal.csv": b"one", "trial_balance.csv": b"two"}
_CLOSED = _documents(_BOOKS)
_MOVED = _documents({**_BOOKS, "journal.csv": b"other"})


def _keep(lake: Lake, documents: Mapping[str, bytes], *, reclose: bool = False) -> KeptClosing:
    return keep_closing(lake, _MONTH, documents, reclose=reclose)


def _path(lake: Lake, name: str) -> Path:
    return Path(lake.root, "_closed", "2026-10", name)


def _bodies(lake: Lake) -> dict[str, bytes]:
    return {name: _path(lake, name).read_bytes() for name in _CLOSED}


def test_the_first_closing_is_written_where_it_says(lake: Lake) -> None:
    kept = _keep(lake, _CLOSED)
    assert (kept.closed_before, kept.changed, kept.rests_on_more) == (False, (), False)
    assert {name: Path(uri).read_bytes() for name, uri in kept.uris.items()} == _CLOSED


def test_books_that_would_move_are_refused_and_stay(lake: Lake) -> None:
    _keep(lake, _CLOSED)
    with pytest.raises(
        CloseError, match=r"2026-10 is already closed, and its books would change: journal\.csv w"
    ):
        _keep(lake, _MOVED)
    assert _bodies(lake) == _CLOSED


def test_books_that_move_on_purpose_are_replaced_and_named(lake: Lake) -> None:
    _keep(lake, _CLOSED)
    kept = _keep(lake, _MOVED, reclose=True)
    assert kept.changed == ["journal.csv", "close.json"]
    assert _bodies(lake) == _MOVED


def test_the_same_books_on_other_evidence_stay_as_they_were_closed(lake: Lake) -> None:
    _keep(lake, _CLOSED)
    later = _documents(_BOOKS, evidence="b")
    kept = _keep(lake, later)
    assert (kept.closed_before, kept.changed, kept.rests_on_more) == (True, (), True)
    assert _bodies(lake) == _CLOSED
    assert _keep(lake, later, reclose=True).changed == ["close.json"]
    assert _bodies(lake) == later


@pytest.mark.parametrize("damage", [None, b"", b"on", b"ome"], ids=["deleted", "emptied", "cut", "flipped"])
@pytest.mark.parametrize("name", _BOOKS)
def test_a_document_that_is_lost_or_damaged_is_restored_with_a_word(
    lake: Lake, name: str, damage: bytes | None
) -> None:
    _keep(lake, _CLOSED)
    if damage is None:
        _path(lake, name).unlink()
    else:
        _path(lake, name).write_bytes(damage)
    kept = _keep(lake, _documents(_BOOKS, evidence="b"))
    assert (kept.closed_before, kept.changed, kept.rests_on_more) == (True, (), True)
    assert kept.restored == [name]
    assert _bodies(lake) == _CLOSED
    assert _keep(lake, _CLOSED).restored == []


def test_a_lost_document_is_not_restored_from_other_books(lake: Lake) -> None:
    _keep(lake, _CLOSED)
    _path(lake, "journal.csv").unlink()
    with pytest.raises(CloseError, match=r"would change: journal\.csv would be replaced"):
        _keep(lake, _MOVED)
    assert not _path(lake, "journal.csv").exists()


def test_a_document_that_only_the_manifest_names_is_not_dropped(lake: Lake) -> None:
    _keep(lake, _documents({**_BOOKS, "journal.old": b"three"}))
    with pytest.raises(CloseError, match=r"would change: journal\.old would be replaced"):
        _keep(lake, _CLOSED)


def test_a_first_closing_that_was_cut_off_is_written_whole(lake: Lake) -> None:
    _keep(lake, _MOVED)
    _path(lake, "close.json").unlink()
    kept = _keep(lake, _CLOSED)
    assert not kept.closed_before
    assert _bodies(lake) == _CLOSED


def test_a_replacement_that_was_cut_off_before_its_manifest_is_not_taken_for_whole(lake: Lake) -> None:
    _keep(lake, _CLOSED)
    _keep(lake, _MOVED, reclose=True)
    _path(lake, "close.json").write_bytes(_CLOSED["close.json"])
    with pytest.raises(CloseError, match="its books would change"):
        _keep(lake, _MOVED)
    _keep(lake, _MOVED, reclose=True)
    assert _bodies(lake) == _MOVED


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"sha256": 1}'])
def test_a_manifest_that_is_damaged_needs_alert(lake: Lake, body: bytes) -> None:
    _keep(lake, _CLOSED)
    _path(lake, "close.json").write_bytes(body)
    with pytest.raises(CloseError, match=r"the month's close\.json in the lake is damaged"):
        _keep(lake, _CLOSED)
    _keep(lake, _CLOSED, reclose=True)
    assert _bodies(lake) == _CLOSED
