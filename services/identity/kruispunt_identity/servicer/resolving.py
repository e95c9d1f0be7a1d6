"""ResolveNumbers: where numbers lead, for ever."""

from collections.abc import Sequence

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.ssin import Ssin, SsinError
from kruispunt_identity.domain.number import Outcome, Resolved
from kruispunt_identity.messages.persons import resolved_message
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.resolving import NumberResolver
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_instant

_LIMIT = 10_000
_SHOWN = "number"
_MALFORMED = Resolved(None, Outcome.MALFORMED)
# What the access log says.
_RESULTS = {
    Outcome.CURRENT: "found",
    Outcome.REPLACED: "found",
    Outcome.CANCELLED: "found",
    Outcome.UNKNOWN: "none",
    Outcome.NO_DOSSIER: Reason.NO_DOSSIER.label,
}


class ResolvingServicer:
    """One method per rpc: parse, read, build. What each does stands in the contract."""

    def __init__(self, resolver: NumberResolver, guard: Guard) -> None:
        self._resolver = resolver
        self._guard = guard

    def ResolveNumbers(self, request: pb.ResolveNumbersRequest, call: Call) -> pb.ResolveNumbersResponse:
        """Say where each of up to ten thousand numbers leads."""
        _check_count(request.ssins)
        known_at = None
        if request.HasField("known_at"):
            known_at = parse_instant(request.known_at, "known_at", not_after=call.now)
        numbers = [_read_number(text) for text in request.ssins]
        wanted = dict.fromkeys(number for number in numbers if number is not None)
        readable = self._guard.readable(call, list(wanted))
        withheld = [number for number in wanted if readable is not None and number not in readable]
        for number in withheld:
            del wanted[number]
        try:
            found = self._resolver.resolve(wanted, known_at) if wanted else {}
        except RegistryError as refusal:
            for number in wanted:
                call.look(int(number), _SHOWN, refusal.reason.label)
            raise
        found |= {number: Resolved(number, Outcome.NO_DOSSIER) for number in withheld}
        for number, resolved in found.items():
            whom, result = int(resolved.current or number), _RESULTS[resolved.outcome]
            call.look(whom, _SHOWN, result, protected=resolved.protected)
        return pb.ResolveNumbersResponse(
            results=[
                resolved_message(_MALFORMED, call.right, text)
                if number is None
                else resolved_message(found[number], call.right)
                for text, number in zip(request.ssins, numbers, strict=True)
            ]
        )


def _check_count(ssins: Sequence[str]) -> None:
    if not ssins:
        raise RegistryError(Reason.FIELD_REQUIRED, "at least one number is required", field="ssins")
    if len(ssins) > _LIMIT:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many numbers in one request",
            field="ssins",
            metadata={"limit": str(_LIMIT)},
        )


def _read_number(text: str) -> Ssin | None:
    try:
        return Ssin.parse(text)
    except SsinError:
        return None
