"""An AWS profile says where S3 is, as it does for AWS' own tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from stripe_reports.errors import ConfigurationError
from stripe_reports.orchestration import ReportLakeResource

_KEYS = "aws_access_key_id = profile\naws_secret_access_key = secret\nregion = eu-central-1\n"
_PROFILES = {
    "plain": f"[profile minio]\n{_KEYS}endpoint_url = URL\n",
    "services": f"[profile minio]\n{_KEYS}services = local\n[services local]\ns3 =\n  endpoint_url = URL\n",
    "services before plain": f"[profile minio]\n{_KEYS}endpoint_url = http://127.0.0.1:1\nservices = local\n"
    "[services local]\ns3 =\n  endpoint_url = URL\n",
}


@pytest.fixture
def profile(aws: str, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The profile is all that is known of AWS; the lake's uri."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "minio")
    return f"s3://{bucket}/lake"


@pytest.mark.parametrize("text", _PROFILES.values(), ids=_PROFILES)
def test_its_endpoint_is_asked(profile: str, aws: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text.replace("URL", aws))
    lake = ReportLakeResource(uri=profile).lake
    lake.documents.put("folder", "name", b"body")
    assert lake.documents.read("folder", "name") == b"body"


def test_a_variable_comes_before_the_profile(
    profile: str, aws: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(_PROFILES["plain"].replace("URL", "http://127.0.0.1:1"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", aws)
    ReportLakeResource(uri=profile).lake.documents.put("folder", "name", b"body")


def test_a_profile_that_is_not_there_is_one_line(profile: str, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    with pytest.raises(ConfigurationError, match=r"AWS' configuration cannot be used for s3://.*\(minio\)"):
        _ = ReportLakeResource(uri=profile).lake
