"""Whether a call is within the quotas: of its participant, of its grant, of its end user."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from kruispunt_server.access.rights import Quota, RightsIndex
from kruispunt_server.call import Call, Role
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.events import Events
from kruispunt_server.quotas.buckets import Bucket, Buckets
from kruispunt_server.quotas.memory import END_USERS, PARTICIPANTS, QuotaMemory
from kruispunt_server.quotas.standing import Source, Standing

if TYPE_CHECKING:  # not paid for by a server that does not count
    from kruispunt_server.metrics import Metrics

GRANT: Final = "grant"
END_USER: Final = "end_user"
_TOLD_EVERY_S: Final = 60


class Book(Protocol):
    """Has the rights at hand."""

    def current(self) -> RightsIndex:
        """Return the rights as they are; raises RegistryError if they cannot be read."""
        ...


class Quotas:
    """Takes every call out of the buckets that it belongs to.

    What a participant's registration says nothing of is bounded by the server's settings. They do not bound internal
    services, whose calls are those of all others together; what is written for one by name does.

    Args:
        memory: where the buckets are.
        book: the rights.
        usual: of participants whose registration says nothing.
        end_user: searches of one end user of a participant; none: unbounded.
        events: told of who is refused, once a minute for each participant and quota, by whichever worker.
        metrics: counts refusals.

    Attributes:
        usual: as given.
    """

    def __init__(
        self,
        memory: QuotaMemory,
        book: Book,
        *,
        usual: Mapping[MethodClass, Quota],
        end_user: Quota | None,
        events: Events,
        metrics: "Metrics | None" = None,
    ) -> None:
        self._key = memory.key
        self._buckets = Buckets(memory)
        self._book = book
        self.usual = usual
        self._end_user = end_user
        self._events = events
        self._refused: Callable[[str], None] | None = metrics.quota_refused if metrics is not None else None
        self._known: tuple[RightsIndex | None, dict[tuple[str, str, MethodClass], tuple[int, list[Bucket]]]]
        self._known = None, {}

    def spend(self, call: Call, kind: MethodClass) -> None:
        """Count a call that is otherwise let in; one that is refused costs nothing.

        Raises:
            RegistryError: a bucket is empty; RESOURCE_EXHAUSTED / QUOTA_EXHAUSTED.
        """
        owner, buckets = self._buckets_of(call, kind)
        if kind is MethodClass.SEARCHES and self._end_user is not None and call.purpose is not None:
            buckets = [*buckets, self._of_end_user(call.participant.participant_id, call.purpose.end_user)]
        if not buckets:
            return
        empty = self._buckets.take(owner, buckets)
        if empty is not None:
            raise self._refusal(call, owner, *empty)

    def standing(self, participant_id: str, grant_id: str, kind: MethodClass) -> list[Standing]:
        """Return the quotas that a call of a kind under a grant would be counted by; an empty `grant_id`: under none."""
        index = self._book.current()
        owner, buckets = self._found(index, participant_id, grant_id, kind)
        registration = index.registrations.get(participant_id)
        own = (
            Source.PARTICIPANT if registration is not None and kind in registration.quotas else Source.SERVER
        )
        found = [
            Standing(
                bucket.name,
                Quota(bucket.calls, int(bucket.per_seconds)),
                Source.GRANT if bucket.name == GRANT else own,
                left,
                grant_id if bucket.name == GRANT else "",
            )
            for bucket, left in zip(buckets, self._buckets.left(owner, buckets), strict=True)
        ]
        if kind is MethodClass.SEARCHES and self._end_user is not None:
            found.append(Standing(END_USER, self._end_user, Source.SERVER, None))
        return found

    def _buckets_of(self, call: Call, kind: MethodClass) -> tuple[int, list[Bucket]]:
        """Return the key of the participant, and its buckets for such a call: the same as long as the rights are."""
        index = self._book.current()
        known_of, known = self._known
        if known_of is not index:
            self._known = index, (known := {})
        asked = call.participant.participant_id, call.right.grant_id, kind
        found = known.get(asked)
        if found is None:
            found = known[asked] = self._found(index, *asked)
        return found

    def _found(
        self, index: RightsIndex, name: str, grant_id: str, kind: MethodClass
    ) -> tuple[int, list[Bucket]]:
        buckets = []
        registration = index.registrations.get(name)
        own = registration.quotas.get(kind) if registration is not None else None
        if own is None and (
            registration is None or Role.INTERNAL_SERVICE not in registration.participant.roles
        ):
            own = self.usual.get(kind)
        if own is not None:
            key = self._key(name, kind.value)
            buckets.append(Bucket(PARTICIPANTS, key, own.calls, own.per_seconds, kind.value))
        grant = index.grants.get(grant_id)
        if grant is not None and grant.quota is not None:
            key = self._key(name, GRANT, grant_id)
            buckets.append(Bucket(PARTICIPANTS, key, grant.quota.calls, grant.quota.per_seconds, GRANT))
        return self._key(name), buckets

    def _of_end_user(self, name: str, end_user: str) -> Bucket:
        assert self._end_user is not None, "looked at before"
        key = self._key(name, END_USER, end_user)
        return Bucket(END_USERS, key, self._end_user.calls, self._end_user.per_seconds, END_USER)

    def _refusal(self, call: Call, owner: int, empty: Bucket, wait_s: float) -> RegistryError:
        name = call.participant.participant_id
        if self._refused is not None:
            self._refused(empty.name)
        told = Bucket(PARTICIPANTS, self._key(name, "told", empty.name), 1, _TOLD_EVERY_S, "told")
        if self._buckets.take(owner, [told]) is None:
            self._events.emit("quota_exhausted", participant=name, quota=empty.name, method=call.method)
        return RegistryError(
            Reason.QUOTA_EXHAUSTED,
            _SENTENCES.get(empty.name, "the participant's quota for calls of this kind is used up"),
            metadata={"quota": empty.name},
            retry_after_s=math.ceil(wait_s * 1000) / 1000,
        )


_SENTENCES: Final = {
    GRANT: "the quota of the grant is used up",
    END_USER: "the end user has searched as often as one may",
}
