"""The check of a call's token: it must go with the certificate's institution, and with the end user of the purpose."""

import base64
import datetime as dt
from collections.abc import Iterable
from typing import Final

import grpc

from kruispunt_server.bearer.key_set import Claims
from kruispunt_server.bearer.key_source import KeySource
from kruispunt_server.bearer.refusal import UnacceptableTokenError
from kruispunt_server.call import Call
from kruispunt_server.caller import fingerprint_of
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.events import Events
from kruispunt_server.refusals import Refusals

AUTHORIZATION: Final = "authorization"
_SCHEME: Final = "bearer "


class BearerTokens:
    """Checks the token that a call brings.

    Args:
        keys: of the issuer.
        leeway_s: by how much clocks may differ.
        events: gets which check failed; the caller does not.
        required: whether a call that states a purpose must bring one, if it is made for an institution.
    """

    def __init__(self, keys: KeySource, leeway_s: float, events: Events, *, required: bool) -> None:
        self.keys = keys
        self._leeway_s = leeway_s
        self._refusals = Refusals(events, event="token_refused")
        self._required = required

    def close(self) -> None:
        """Look for keys no more, and tell what is left to tell."""
        self.keys.stop()
        self._refusals.close()

    def check(self, call: Call, context: grpc.ServicerContext) -> None:
        """Check the token of a call whose participant and purpose are known; note in the call until when it is good.

        The participant's institution and the purpose's end user must be those of the token.

        Raises:
            RegistryError: it is absent and required, or not accepted; UNAUTHENTICATED / TOKEN_REFUSED.
        """
        try:
            call.token_end = self._checked(call, context)
        except UnacceptableTokenError as error:
            raise self._refused(call, error.check) from None

    def still(self, call: Call, now: dt.datetime) -> None:
        """Raise, as `check`, if the token with which a stream was opened is over by now."""
        if call.token_end is not None and now.timestamp() >= call.token_end:
            raise self._refused(call, "expired")

    def _checked(self, call: Call, context: grpc.ServicerContext) -> float | None:
        """Return until when the token is good, in Unix seconds with leeway; none: there is none, and need not be."""
        token = _token(context.invocation_metadata())
        if token is None:
            if self._required and call.purpose is not None and call.participant.institution is not None:
                raise UnacceptableTokenError("absent")
            return None
        keys = self.keys.current
        if keys is None:
            raise UnacceptableTokenError("no keys yet")
        try:
            claims = keys.claims(token)
        except UnacceptableTokenError as error:
            if error.check == "key":
                self.keys.ask()
            raise
        self._compare(claims, call, context)
        return claims.end + self._leeway_s

    def _compare(self, claims: Claims, call: Call, context: grpc.ServicerContext) -> None:
        now = call.now.timestamp()
        if now >= claims.end + self._leeway_s:
            raise UnacceptableTokenError("expired")
        if claims.begin is not None and now < claims.begin - self._leeway_s:
            raise UnacceptableTokenError("not yet valid")
        institution = call.participant.institution
        if institution is None or claims.institution != str(institution):
            raise UnacceptableTokenError("institution")
        if call.purpose is not None and claims.subject != call.purpose.end_user:
            raise UnacceptableTokenError("subject")
        if claims.certificate and claims.certificate != _thumbprint(fingerprint_of(context)):
            raise UnacceptableTokenError("confirmation")

    def _refused(self, call: Call, check: str) -> RegistryError:
        participant = call.participant.participant_id
        self._refusals.tell((participant, check), method=call.method, participant=participant, check=check)
        sentence = "the bearer token is missing, or not accepted with this certificate and purpose"
        return RegistryError(Reason.TOKEN_REFUSED, sentence, field=AUTHORIZATION)


def _token(metadata: Iterable[tuple[str, str | bytes]]) -> str | None:
    given = [value for key, value in metadata if key == AUTHORIZATION]
    if not given:
        return None
    value = given[0]
    if len(given) > 1 or not isinstance(value, str) or value[: len(_SCHEME)].lower() != _SCHEME:
        raise UnacceptableTokenError("form")
    return value[len(_SCHEME) :].strip()


def _thumbprint(fingerprint: str | None) -> str:
    """Return a certificate's SHA-256 as "x5t#S256" has it; of none, what no token says."""
    if fingerprint is None:
        return "none"
    return base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=").decode()
