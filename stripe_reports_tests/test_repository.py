"""What the repository holds: text that people wrote, and screenshots."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from stripe_reports_tests.conftest import LONGEST

_CHECKOUT = Path(__file__).parent.parent
_MOST_BYTES = 1 << 20


def _tracked(root: Path) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True)
    return [root / name for name in done.stdout.split("\0") if name and (root / name).is_file()]


def _misfits(root: Path) -> list[str]:
    """The tracked files that do not belong there, with the reason."""
    found: list[str] = []
    for path in _tracked(root):
        name, body = path.relative_to(root).as_posix(), path.read_bytes()
        if len(body) > _MOST_BYTES:
            found.append(f"{name}: larger than a mebibyte")
        elif b"\0" in body and not re.fullmatch(r"docs/[^/]+\.png", name):
            found.append(f"{name}: binary")
        elif path.suffix in (".whl", ".egg", ".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst", ".jar"):
            found.append(f"{name}: an archive")
        elif re.search(r"\block\b", name) and b"://" in body:
            found.append(f"{name}: a lock file with addresses")
    return found


def test_nothing_but_text_and_screenshots_is_tracked() -> None:
    if not (_CHECKOUT / ".git").exists():
        pytest.skip("not a checkout")
    assert _misfits(_CHECKOUT) == []


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("x.whl", b"PK\3\4\0", "binary"),
        ("empty.tar.gz", b"", "an archive"),
        ("x.png", b"\x89PNG\0", "binary"),
        ("uv.lock", b'url = "https://example.com/x"', "a lock file with addresses"),
        ("large.csv", b"x" * (_MOST_BYTES + 1), "larger than a mebibyte"),
    ],
)
def test_what_does_not_belong_there_is_found(tmp_path: Path, name: str, body: bytes, why: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / name).write_bytes(body)
    (tmp_path / "good.py").write_text("good = True\n")
    subprocess.run(["git", "add", "-f", "."], cwd=tmp_path, check=True)
    assert _misfits(tmp_path) == [f"{name}: {why}"]


def test_the_lock_file_pins_every_dependency_without_an_address() -> None:
    lock = (_CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert re.search(r"^dagster==1\.13\.", lock, re.MULTILINE)
    assert re.search(r"^pytest==", lock, re.MULTILINE)


def test_the_longest_test_files_are_there() -> None:
    missing = [name for name in LONGEST if not (_CHECKOUT / "stripe_reports_tests" / name).exists()]
    assert missing == []
