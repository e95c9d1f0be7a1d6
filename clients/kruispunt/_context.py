"""In which legal context a call is made, and what of it goes with the call."""

from dataclasses import dataclass, field, replace
from typing import Self

from kruispunt._consistency import Freshness
from kruispunt.profiles import Token
from kruispunt.tracing import trace_metadata
from kruispunt.values import InstitutionRef, Purpose

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Why a call is made, for whom, and what shows that one may.

    Attributes:
        purpose: why.
        token: bearer token, or what returns one; none: the certificate says all.
        acting_for: the institution whose rights decide; none: the caller's own.
        consistency: how fresh answers must be.
    """

    purpose: Purpose
    token: Token = field(default=None, repr=False)
    acting_for: InstitutionRef | None = None
    consistency: Freshness = "read-your-writes"

    def on_behalf(self, *, legal_basis: str, end_user: str, case: str) -> Self:
        """Return the context with parts of the purpose exchanged; empty ones stay.

        Raises:
            ValueError: a part has another form.
        """
        parts = {"legal_basis": legal_basis, "end_user": end_user, "case": case}
        given = {name: value for name, value in parts.items() if value}
        return replace(self, purpose=replace(self.purpose, **given))

    def metadata(self) -> Metadata:
        """Return what goes with a call that is made now: purpose, institution, token and trace."""
        return (
            ("kruispunt-legal-basis", self.purpose.legal_basis),
            ("kruispunt-end-user", self.purpose.end_user),
            ("kruispunt-case", self.purpose.case),
            *([] if self.acting_for is None else [("kruispunt-on-behalf-of", str(self.acting_for))]),
            *_token_metadata(self.token),
            *trace_metadata(),
        )


def _token_metadata(token: Token) -> Metadata:
    """Return the metadata that brings a bearer token, asked for now; none: nothing.

    Raises:
        ValueError: it has characters that no header takes, such as the end of a line.
    """
    now = token() if callable(token) else token
    if now and not (now.isascii() and now.isprintable()):  # gRPC would say so in words that name nothing
        raise ValueError("the bearer token has other characters than printable ASCII")
    return (("authorization", f"Bearer {now}"),) if now else ()
