"""Who calls: the URI name in the certificate of the connection, and nothing else."""

import functools
import hashlib
import re
import ssl
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol, cast

import grpc

from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.errors import Reason, RegistryError

ON_BEHALF_OF: Final = "kruispunt-on-behalf-of"
_INSTITUTION: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})").fullmatch


class Directory(Protocol):
    """Knows participants by the URI in their certificates, and by their own name."""

    def by_uri(self, uri: str) -> Participant | None:
        """Return the active participant whose certificate bears `uri`."""
        ...

    def by_id(self, participant_id: str) -> Participant | None:
        """Return the active participant of that name."""
        ...

    def by_institution(self, institution: InstitutionKey) -> Participant | None:
        """Return the active participant that acts for an institution."""
        ...

    def revoked_certificates(self) -> frozenset[str]:
        """Return the SHA-256 of all certificates that no longer count, in hexadecimal of lower case."""
        ...


class Callers:
    """Finds the participant behind a call.

    Args:
        participants: where to look; asked on every call, so that a revocation bites on open connections.
        plaintext_participant: who calls over a port without TLS; none: nobody may.
            The settings allow it on a loopback address only.
    """

    def __init__(self, participants: Directory, plaintext_participant: str | None = None) -> None:
        self._participants = participants
        self._plaintext_participant = plaintext_participant

    def of(self, context: grpc.ServicerContext) -> Participant:
        """Return who calls.

        The names of kind URI among the subject alternative names count, as gRPC's core sorted them;
        never the common name, nor a DNS name that merely looks like a URI. A plaintext connection has a
        non-empty authentication context too ("insecure"): that is not authentication.

        Raises:
            RegistryError: no certificate with a URI name, UNAUTHENTICATED / CERTIFICATE_REQUIRED; its names
                are nobody's, or those of several active participants, UNAUTHENTICATED / PARTICIPANT_UNKNOWN;
                it was revoked, UNAUTHENTICATED / CERTIFICATE_REVOKED.
        """
        peer = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
        if peer.get("transport_security_type") != [b"ssl"]:
            return self._plaintext()
        uris = peer.get("peer_uri")
        if not uris:
            raise RegistryError(
                Reason.CERTIFICATE_REQUIRED, "the call needs a client certificate with a URI name"
            )
        found = self._participants.by_uri(uris[0].decode("utf-8", "replace"))
        for uri in uris[1:]:
            other = self._participants.by_uri(uri.decode("utf-8", "replace"))
            if other is None:
                continue
            if found is not None and found.participant_id != other.participant_id:
                raise participant_unknown()
            found = other
        if found is None:
            raise participant_unknown()
        revoked = self._participants.revoked_certificates()
        if revoked and _fingerprint_in(peer) in revoked:
            raise RegistryError(
                Reason.CERTIFICATE_REVOKED,
                "the certificate was revoked; another of the participant may count",
            )
        return found

    def acting(self, context: grpc.ServicerContext) -> tuple[Participant, str]:
        """Return whose rights decide, and which service of the registry calls for them; empty: nobody but themselves.

        Raises:
            RegistryError: as of `of`; the caller is no internal service, or the institution takes no part,
                PERMISSION_DENIED / ACTING_FORBIDDEN; no institution, INVALID_ARGUMENT / FIELD_INVALID.
        """
        caller = self.of(context)
        named = _on_behalf_of(context.invocation_metadata())
        if named is None:
            return caller, ""
        if Role.INTERNAL_SERVICE not in caller.roles:
            raise _acting_forbidden("only a service of the registry acts for an institution")
        found = self._participants.by_institution(named)
        if found is None:
            raise _acting_forbidden("no active participant acts for that institution")
        return found, caller.participant_id

    def _plaintext(self) -> Participant:
        if self._plaintext_participant is None:
            raise RegistryError(
                Reason.CERTIFICATE_REQUIRED, "the call needs a client certificate with a URI name"
            )
        found = self._participants.by_id(self._plaintext_participant)
        if found is None:
            raise participant_unknown()
        return found


def _on_behalf_of(metadata: Iterable[tuple[str, str | bytes]]) -> InstitutionKey | None:
    named = [value for key, value in metadata if key == ON_BEHALF_OF]
    if not named:
        return None
    found = _INSTITUTION(named[0]) if len(named) == 1 and isinstance(named[0], str) else None
    if found is None:
        raise RegistryError(
            Reason.FIELD_INVALID,
            f'the metadata "{ON_BEHALF_OF}" is one institution: sector/number',
            field=ON_BEHALF_OF,
        )
    return InstitutionKey(int(found[1]), int(found[2]))


def _acting_forbidden(sentence: str) -> RegistryError:
    return RegistryError(Reason.ACTING_FORBIDDEN, sentence, field=ON_BEHALF_OF)


def participant_unknown() -> RegistryError:
    """Return the refusal of a certificate that does not say who calls; UNAUTHENTICATED to the caller."""
    return RegistryError(
        Reason.PARTICIPANT_UNKNOWN, "the certificate names no active participant, or more than one"
    )


def names_of(context: grpc.ServicerContext) -> list[str]:
    """Return the URI names in the caller's certificate, for the log; at most 8, of 255 characters each."""
    peer = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
    return [uri.decode("utf-8", "replace")[:255] for uri in peer.get("peer_uri", ())[:8]]


def fingerprint_of(context: grpc.ServicerContext) -> str | None:
    """Return the SHA-256 of the caller's certificate, for the log; none over plaintext."""
    peer = cast("Mapping[str, Sequence[bytes]]", context.auth_context())
    return _fingerprint_in(peer) if peer.get("x509_pem_cert") else None


def _fingerprint_in(peer: Mapping[str, Sequence[bytes]]) -> str:
    """Return the SHA-256 of the certificate of a connection; without one there is nobody to let in."""
    found = peer.get("x509_pem_cert")
    if not found:
        raise RegistryError(
            Reason.CERTIFICATE_REQUIRED, "the call needs a client certificate with a URI name"
        )
    return _fingerprint(found[0])


@functools.lru_cache(maxsize=4096)
def _fingerprint(pem: bytes) -> str:
    """Return the SHA-256 of a certificate as DER; remembered, for each connection says it anew at every call."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))).hexdigest()
