"""Opening a lake: on S3 with the credentials that AWS' own tools find."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote

from stripe_reports import environment
from stripe_reports.errors import ConfigurationError
from stripe_reports.lake.lake import Lake
from stripe_reports.lake.storage.store import address_parts

_S3_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region_name", "profile_name")


def open_lake(uri: str, *, s3: Any = None, keep_csv: bool | None = None, pii_key: str = "") -> Lake:
    """Open the lake at `uri`; a local directory is made if it does not exist.

    On S3, boto3 finds credentials and region (environment variables, profiles, SSO, roles), unless `s3`, an
    `S3Resource` of dagster-aws, gives its own and an endpoint. Without `pii_key`, STRIPE_REPORTS_PII_KEY is
    the secret of the hashes of personal data. Raises ConfigurationError for a uri that is
    neither a path nor on S3, and for an AWS configuration that cannot be used.
    """
    pii_key = pii_key or environment.pii_key()
    if not uri.startswith("s3://"):
        return Lake.open(uri, keep_csv=keep_csv, pii_key=pii_key)
    from boto3.session import Session
    from botocore.exceptions import BotoCoreError

    try:
        session = Session(**{name: getattr(s3, name) for name in _S3_KEYS}) if s3 else Session()
        endpoint_url = s3.endpoint_url if s3 else None
        return Lake.open(
            uri, s3_session=session, endpoint_url=endpoint_url, keep_csv=keep_csv, pii_key=pii_key
        )
    except BotoCoreError as error:  # such as a profile that does not exist
        raise ConfigurationError(f"AWS' configuration cannot be used for {uri}: {error}") from None


def open_existing_lake(uri: str | None = None, *, option: str, keep_csv: bool | None = None) -> Lake:
    """Open the lake at `uri`, or at STRIPE_REPORTS_LAKE, to read it; make no directory.

    `option` is what the caller's user sets to name another lake. Raises ConfigurationError for a directory
    that does not exist, and as `open_lake` does.
    """
    uri = uri or environment.lake_uri()
    path = local_path(uri)
    if path is not None and not path.is_dir():
        raise ConfigurationError(
            f"there is no lake at {uri}; name another with {option} or STRIPE_REPORTS_LAKE"
        )
    return open_lake(uri, keep_csv=keep_csv)


def local_path(uri: str) -> Path | None:
    """Return the path of a lake on a local disk; None for another lake.

    Raises ConfigurationError for a text that is no address.
    """
    parts = address_parts(uri)
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path) if parts.scheme else uri).expanduser().absolute()
