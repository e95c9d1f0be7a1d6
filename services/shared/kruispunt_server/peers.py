"""The other service, as an operator names it: `NAME_endpoint`, `NAME_certificate`, `NAME_key`, `NAME_authority`.

Either service runs without the other. Where the other is named, it is spoken to as any participant speaks to it: over
mutual TLS, in plaintext on a loopback host only.
"""

import ipaddress
from pathlib import Path
from typing import Any

from pydantic import ValidationInfo

from kruispunt.profiles import ClientCertificates

ENDPOINT = r"^[^\s:/]+:[0-9]{1,5}$|^\[[0-9a-fA-F:.]+\]:[0-9]{1,5}$"
"""What an endpoint looks like: `host:port`."""


def check_peer_file(value: Path | None, info: ValidationInfo, peer: str) -> Path | None:
    """Return `value`, one of the three files of a peer, if it goes with the settings before it.

    The settings stand in the order endpoint, certificate, key, authority; with the last, all three are looked at.

    Raises:
        ValueError: a file without an endpoint; none for an endpoint that is not on loopback; some, but not all
            three; what they hold cannot be used.
    """
    before = info.data
    if f"{peer}_endpoint" not in before:  # wrong, and said to be
        return value
    endpoint = before[f"{peer}_endpoint"]
    if endpoint is None:
        if value is not None:
            raise ValueError(f"is of no use without {peer}_endpoint")
        return None
    if info.field_name == f"{peer}_certificate":
        if value is None and not _on_loopback(endpoint):
            raise ValueError(f"is required with {peer}_endpoint: plaintext is spoken to a loopback host only")
        return value
    if f"{peer}_certificate" not in before:
        return value
    if (value is None) != (before[f"{peer}_certificate"] is None):
        raise ValueError(f"stands together with {peer}_certificate, or neither does")
    if info.field_name == f"{peer}_authority" and value is not None and before.get(f"{peer}_key") is not None:
        _read(value, before[f"{peer}_certificate"], before[f"{peer}_key"])
    return value


def peer_certificates(settings: Any, peer: str) -> ClientCertificates | None:
    """Return who this service is to `peer`, and whom it trusts there; none: plaintext.

    Args:
        settings: checked by `check_peer_file`.
        peer: what the names of its settings begin with.

    Raises:
        ValueError: the files cannot be used any more.
    """
    certificate = getattr(settings, f"{peer}_certificate")
    if certificate is None:
        return None
    return _read(getattr(settings, f"{peer}_authority"), certificate, getattr(settings, f"{peer}_key"))


def _read(authority: Path, certificate: Path, key: Path) -> ClientCertificates:
    try:
        return ClientCertificates.from_files(authority, certificate, key)
    except OSError as error:
        raise ValueError(f"cannot read {error.filename}") from error


def _on_loopback(endpoint: str) -> bool:
    host = endpoint.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
