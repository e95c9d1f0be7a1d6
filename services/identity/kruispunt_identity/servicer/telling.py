"""What every method has in common by which an institution tells something of one person."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from google.protobuf.message import Message

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.person import Person
from kruispunt_identity.domain.protection import hidden
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.persons import Known, PersonStore
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.write_keys import WriteKey

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_server.writes import Writes

_NOBODY = InstitutionKey(-1, -1)  # a registrar without an institution has said nothing
ResponseT = TypeVar("ResponseT", bound=Message)


class Telling:
    """Asks whether the caller may, opens the person, and carries out once, whatever the number of attempts.

    Args:
        persons: opens and writes persons.
        guard: who may write of whom.
        writes: runs mutations.
    """

    def __init__(self, persons: PersonStore, guard: Guard, writes: "Writes") -> None:
        self._persons = persons
        self._guard = guard
        self._writes = writes

    def run(
        self,
        call: Call,
        key: WriteKey,
        asked: Ssin,
        groups: str | Callable[[ResponseT | None], str],
        response: type[ResponseT],
        work: Callable[[Any, Person], ResponseT],
    ) -> ResponseT:
        """Return the answer of `work`, or the one that the same request got before.

        Args:
            call: who tells.
            key: names the request.
            asked: number of the person.
            groups: what of the person it is about, for the access log; or what says so of an answer, and of none.
            response: type of the answer; it has a field `resolution`.
            work: tells the person, in the transaction that it is given.

        Raises:
            RegistryError: no register knows the number, NOT_FOUND / PERSON_UNKNOWN; it leads to nobody,
                FAILED_PRECONDITION / NUMBER_CANCELLED; the caller may not, as of `Guard.check`; as of `Writes.run`;
                whatever `work` raises.
        """
        known, refusal = self._permitted(call, asked)

        def carried_out(transaction: Any) -> bytes:
            # Here and not before: a repeated request gets its first answer, even if the dossier was closed meanwhile.
            if refusal is not None:
                raise refusal
            only_national = None if known is None else known.only_national
            person = self._persons.open(transaction, asked, only_national=only_national)
            if known is not None and set(known.lineage.numbers) - set(person.lineage.numbers):
                # A number was split off meanwhile: perhaps the one that the caller's dossier stands under.
                raise RegistryError(
                    Reason.CONCURRENT_CHANGE, "the person was split in between", retry_after_s=0.0
                )
            if hidden(call.right, protected=person.protected):
                person.shown_to = call.participant.institution or _NOBODY
            return work(transaction, person).SerializeToString()

        try:
            body = self._writes.run(call, key, carried_out)
        except RegistryError as error:
            shown = asked if known is None else known.lineage.root
            call.look(int(shown), groups if isinstance(groups, str) else groups(None), error.reason.label)
            raise
        answer = response()
        answer.ParseFromString(body)
        is_hidden = hidden(call.right, protected=answer.resolution.protected)  # type: ignore[attr-defined]
        if is_hidden and "etag" in answer.DESCRIPTOR.fields_by_name:  # it counts what others do
            answer.ClearField("etag")
        shown = answer.resolution.current_ssin  # type: ignore[attr-defined]
        said = groups if isinstance(groups, str) else groups(answer)
        call.look(int(shown), said, "validated" if key.validate_only else "written")
        return answer

    def _permitted(self, call: Call, asked: Ssin) -> tuple[Known | None, RegistryError | None]:
        """Return whom the number is of, and why the caller may not write of them; waits for the directory."""
        known = None
        try:
            self._guard.refuse_unreadable(call, {asked: "ssin"})
            known = self._persons.find(asked)
            self._guard.check(call, known.lineage.numbers)
        except RegistryError as refusal:
            return known, refusal
        return known, None
