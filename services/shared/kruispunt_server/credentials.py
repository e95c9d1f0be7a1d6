"""The server's certificate, key and authorities, exchanged live when their files change."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kruispunt_server.events import Events

_Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where they are, in PEM.

    Attributes:
        certificate: chain of the server.
        key: its private key.
        authority: who signs the participants' certificates; several while one is replaced.
    """

    certificate: Path
    key: Path
    authority: Path


class CredentialsError(Exception):
    """The files cannot be used: says which and why."""


class ReloadingCredentials:
    """Credentials of a server port with mutual TLS.

    gRPC asks on a thread of its core at every new connection: the answer costs three `stat` calls, never
    raises, and files that do not fit together are left alone until they do. Open connections go on.
    """

    def __init__(self, files: TlsFiles, events: Events) -> None:
        self._files = files
        self._events = events
        self._seen = self._stamp()
        self._first = _read(files)
        self.loads = 1

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return what `add_secure_port` takes."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self._fetch,  # type: ignore[arg-type]  # none is allowed and means: keep what there is
            require_client_authentication=True,
        )

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return None  # keep what there is
            self._seen = stamp
            fresh = _read(self._files)
        except Exception as error:  # noqa: BLE001 - it would take the port down
            self._events.emit("certificate_unreadable", exception=type(error).__name__)
            return None
        self.loads += 1
        self._events.emit("certificate_loaded", loads=self.loads)
        return fresh

    def _stamp(self) -> _Stamp:
        paths: Sequence[Path] = (self._files.key, self._files.certificate, self._files.authority)
        return tuple((found.st_mtime_ns, found.st_ino) for found in map(os.stat, paths))


def _read(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    """Return the content, checked to fit together.

    Raises:
        CredentialsError: not PEM, or the key is not that of the certificate.
    """
    key, certificate, authority = (
        path.read_bytes() for path in (files.key, files.certificate, files.authority)
    )
    try:
        private = load_pem_private_key(key, None)
        leaf = x509.load_pem_x509_certificates(certificate)[0]
        x509.load_pem_x509_certificates(authority)
    except (ValueError, TypeError) as error:
        raise CredentialsError("certificate, key and authority must be PEM files") from error
    if private.public_key() != leaf.public_key():
        raise CredentialsError(f"{files.key} is not the key of {files.certificate}")
    return grpc.ssl_server_certificate_configuration([(key, certificate)], authority)
