"""Who is let in: certificate, participant, role, purpose, bearer token, grant, deadline, quota; in this order."""

import time

import grpc

from kruispunt_server.call import Call
from kruispunt_server.caller import fingerprint_of, participant_unknown
from kruispunt_server.edge import NO_DEADLINE_S, Edge, Policy
from kruispunt_server.errors import Reason, RegistryError, group_not_granted
from kruispunt_server.purpose import read_purpose
from kruispunt_server.time_left import works_until


def deadline_over() -> RegistryError:
    """Return the refusal of a call whose time went by; DEADLINE_EXCEEDED to the caller."""
    return RegistryError(Reason.DEADLINE_OVER, "the time of the call is over")


class Admission:
    """Lets callers of one rpc in.

    Args:
        name: of the rpc, with its package.
        short_name: without, as grants name it.
        policy: what is asked of its callers.
        edge: shared by all services.
    """

    def __init__(self, name: str, short_name: str, policy: Policy, edge: Edge) -> None:
        self._name = name
        self._short_name = short_name
        self._policy = policy
        self._edge = edge
        self._is_stream = policy.max_streams is not None

    def meet(self, context: grpc.ServicerContext) -> Call:
        """Find out who calls and until when.

        Raises:
            RegistryError: nobody who may connect; UNAUTHENTICATED or PERMISSION_DENIED.
        """
        edge = self._edge
        participant, via = edge.callers.acting(context)
        default_s = edge.deadlines.stream_s if self._is_stream else edge.deadlines.default_s
        longest_s = edge.deadlines.stream_s if self._is_stream else edge.deadlines.longest_s
        remaining = context.time_remaining()
        if remaining is None or remaining > NO_DEADLINE_S:
            remaining = default_s
        deadline = time.monotonic() + min(remaining, longest_s)
        works_until(deadline)
        return Call(self._name, participant, None, edge.clock.now(), deadline, via=via)

    def admit(self, call: Call, context: grpc.ServicerContext) -> None:
        """Let the caller in, and note in the call why it calls and what it may.

        Raises:
            RegistryError: the first rule that refuses.
        """
        self._check_role(call)
        if self._policy.asks_purpose:
            call.purpose = read_purpose(context.invocation_metadata())
        if self._policy.purpose:
            call.certificate = fingerprint_of(context) or ""
        if self._edge.bearer is not None:
            self._edge.bearer.check(call, context)
        if self._policy.personal:
            self._grant(call)
        if call.deadline <= time.monotonic():  # it waited too long for a thread: nobody listens any more
            raise deadline_over()
        if self._edge.quotas is not None:
            self._edge.quotas.spend(call, self._policy.kind)

    def _check_role(self, call: Call) -> None:
        roles = self._policy.roles
        if roles and roles.isdisjoint(call.participant.roles):
            raise RegistryError(
                Reason.ROLE_MISSING,
                "the participant lacks the role that this method asks for",
                metadata={"role": ",".join(sorted(roles))},
            )

    def _grant(self, call: Call) -> None:
        """Find what the call may, or raise."""
        assert call.purpose is not None, "read before"
        right = self._edge.rights.right_of(call.participant, self._short_name, call.purpose.legal_basis)
        needed = self._policy.data_group
        if needed and needed not in right.data_groups:
            raise group_not_granted(needed)
        call.right = right

    def still(self, call: Call, context: grpc.ServicerContext) -> None:
        """Raise, as `meet` and `admit`, if who opened a stream would not be let in any more: a revocation bites at once."""
        now, via = self._edge.callers.acting(context)
        if (now.participant_id, via) != (call.participant.participant_id, call.via):
            raise participant_unknown()
        institution, call.participant = call.participant.institution, now
        self._check_role(call)
        if now.institution != institution:
            raise RegistryError(
                Reason.NOT_OWN_INSTITUTION, "the participant no longer acts for the institution it began with"
            )
        if self._edge.bearer is not None:
            self._edge.bearer.still(call, self._edge.clock.now())
        if self._policy.personal:
            self._grant(call)
