"""The store of a lake: a local directory or a bucket, behind one interface."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from stripe_reports.errors import ConfigurationError, LakeError
from stripe_reports.lake.storage.local_disk import make_root

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

Store = LocalStore | S3Store


def open_store(
    uri: str, *, s3_session: Any = None, endpoint_url: str | None = None, region: str | None = None
) -> tuple[Store, str]:
    """Open the store of a lake, and return it with the root of all its uris, without a slash at the end.

    Raises ConfigurationError for a uri that is neither a path nor `s3://bucket/prefix`.
    """
    parts = address_parts(uri)
    if parts.scheme == "s3":
        return _s3_store(parts.netloc, parts.path.strip("/"), s3_session, endpoint_url, region)
    if parts.scheme not in ("", "file") or not uri or parts.netloc not in ("", "localhost"):
        raise _no_address(uri)
    path = Path(unquote(parts.path) if parts.scheme else uri).expanduser().absolute()
    with storage_errors(f"use the directory {path}"):
        make_root(path)
        return LocalStore(path, mkdir=True), str(path)


def address_parts(uri: str) -> SplitResult:
    """Return the parts of a lake's address. Raises ConfigurationError for a text that has none."""
    try:
        return urlsplit(uri)
    except ValueError:
        raise _no_address(uri) from None


def _no_address(uri: str) -> ConfigurationError:
    return ConfigurationError(
        f"{uri!r} is not an address of a lake; use a path, file:///path or s3://bucket/prefix"
    )


def _s3_store(
    bucket: str, prefix: str, session: Any, endpoint_url: str | None, region: str | None
) -> tuple[Store, str]:
    if not bucket:
        raise ConfigurationError("the lake's URI has no bucket; use s3://bucket/prefix")
    config: S3Config = {}
    if endpoint_url := endpoint_url or (session and _endpoint_of(session)):
        config["endpoint"] = endpoint_url
    if region:
        config["region"] = region
    options: ClientConfig = {"allow_http": True}  # whoever sets an http endpoint has decided to use http
    root = f"s3://{bucket}/{prefix}".rstrip("/")
    provider = None
    if session is not None:
        from obstore.auth.boto3 import Boto3CredentialProvider  # imports boto3, which a session implies

        try:
            provider = Boto3CredentialProvider(session)
        except ValueError:
            raise ConfigurationError(f"the AWS session for {root} has no credentials") from None
    with storage_errors(f"use {root}"):
        store = S3Store(
            bucket,
            prefix=prefix or None,
            config=config,
            client_options=options,
            credential_provider=provider,
        )
    return store, root


def _endpoint_of(session: Any) -> str | None:
    """Return the S3 endpoint that a boto3 session is configured with, or None.

    AWS' variables come first, then the session's profile; in both, the endpoint of S3 before that of all
    services.
    """
    from botocore.configprovider import ConfiguredEndpointProvider  # part of boto3, which a session implies
    from botocore.exceptions import BotoCoreError

    core = getattr(session, "_session", None)
    if core is None:  # an object like a session, with credentials only
        return None
    try:
        if core.get_config_variable("ignore_configured_endpoint_urls"):
            return None
        provider = ConfiguredEndpointProvider(core.full_config, core.get_scoped_config(), "s3")
        endpoint: str | None = provider.provide()
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS' configuration cannot be used: {error}") from None
    return endpoint


@contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Raise LakeError for a store's error within the block, as one line: `cannot <doing>: <reason>`."""
    try:
        yield
    except (BaseError, OSError, NotImplementedError) as error:
        raise LakeError(f"cannot {doing}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return the store's own words without its debugging output, or the message in an S3 answer."""
    text = str(error).partition("\n\nDebug source")[0]
    if message := re.search(r"<Code>(.*?)</Code>.*?<Message>(.*?)</Message>", text, re.DOTALL):
        return f"{message[1]}: {message[2]}"
    return text.partition("<?xml")[0]
