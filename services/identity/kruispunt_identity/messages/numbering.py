"""Replacing, splitting, cancelling and moving numbers: protobuf to domain and back."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.merging import Conflict
from kruispunt_identity.domain.number import ChangeReason, Register
from kruispunt_identity.domain.picture import Picture
from kruispunt_identity.domain.replacing import REPLACING
from kruispunt_identity.domain.rights import ALL_GROUPS, View
from kruispunt_identity.messages.persons import fact_message
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import UUID_FORM, parse_optional_day

_MOST_FACTS: Final = 1000


def parse_reason(code: int) -> ChangeReason:
    """Read why a number is replaced, from the field `reason`.

    Raises:
        RegistryError: not said, INVALID_ARGUMENT / FIELD_REQUIRED; no such reason, INVALID_ARGUMENT / CODE_UNKNOWN;
            a reason for something else, INVALID_ARGUMENT / FIELD_INVALID.
    """
    if not code:
        raise RegistryError(Reason.FIELD_REQUIRED, "a reason is required", field="reason")
    if code not in set(ChangeReason):
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such reason", field="reason")
    reason = ChangeReason(code)
    if reason not in REPLACING:
        raise RegistryError(Reason.FIELD_INVALID, "a number is not replaced for this reason", field="reason")
    return reason


def parse_effective_on(request: Any, today: dt.date) -> dt.date:
    """Read the day from which a change holds; absent: today.

    Raises:
        RegistryError: no whole calendar day, INVALID_ARGUMENT / DATE_INVALID; later than today, INVALID_ARGUMENT /
            TIME_IN_FUTURE.
    """
    day = parse_optional_day(request, "effective_date") or today
    if day > today:
        raise RegistryError(Reason.TIME_IN_FUTURE, "the day lies in the future", field="effective_date")
    return day


def parse_register(code: int) -> Register:
    """Read where a person is moved to, from the field `register`.

    Raises:
        RegistryError: not said, INVALID_ARGUMENT / FIELD_REQUIRED; no such register, INVALID_ARGUMENT / CODE_UNKNOWN;
            the register of bis numbers, FAILED_PRECONDITION / MOVE_FORBIDDEN.
    """
    if not code:
        raise RegistryError(Reason.FIELD_REQUIRED, "a register is required", field="register")
    if code not in set(Register):
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such register", field="register")
    if code == Register.BIS:
        raise RegistryError(
            Reason.MOVE_FORBIDDEN, "nobody is moved to the register of bis numbers", field="register"
        )
    return Register(code)


def parse_fact_ids(texts: Sequence[str]) -> list[uuid.UUID]:
    """Read which facts are taken along, from the field `take_fact_ids`.

    Raises:
        RegistryError: no UUID, or one that stands there twice, INVALID_ARGUMENT / FIELD_INVALID; more than 1000,
            RESOURCE_EXHAUSTED / TOO_MANY_ELEMENTS.
    """
    if len(texts) > _MOST_FACTS:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many facts in one request",
            field="take_fact_ids",
            metadata={"limit": str(_MOST_FACTS)},
        )
    read: dict[uuid.UUID, None] = {}
    for position, text in enumerate(texts):
        field = f"take_fact_ids[{position}]"
        if UUID_FORM.fullmatch(text) is None:
            raise RegistryError(Reason.FIELD_INVALID, "the identifier of the fact is no UUID", field=field)
        fact_id = uuid.UUID(text)
        if fact_id in read:
            raise RegistryError(Reason.FIELD_INVALID, "the fact stands there already", field=field)
        read[fact_id] = None
    return list(read)


def conflict_message(conflict: Conflict) -> pb.Conflict:
    """Build what contradicts each other."""
    return pb.Conflict(
        data_group=int(conflict.group),  # type: ignore[arg-type]
        former=fact_message(conflict.former),
        next=fact_message(conflict.next_),
    )


def seen_messages(facts: Sequence[Fact], picture: Picture) -> list[Any]:
    """Build facts, each with the first days on which it is seen in `picture`, if it is."""
    seen = {one.fact.fact_id: one.pieces[0] for one in picture.visible}
    return [fact_message(fact, seen.get(fact.fact_id)) for fact in facts]


NumberAnswer = pb.ReplaceNumberResponse | pb.SplitNumberResponse | pb.MoveToRegisterResponse


def without_national_values(answer: NumberAnswer) -> bytes:
    """Serialise an answer to be kept: without what the national register said, of which no copy is kept here."""
    for fact in _national_facts(answer):
        fact.ClearField("value")
    return answer.SerializeToString()


def fill_national_values(answer: NumberAnswer, pictures: Sequence[Picture]) -> None:
    """Put back what `without_national_values` took out, as the national register says it now."""
    said = {str(one.fact.fact_id): one.fact for picture in pictures for one in picture.visible}
    for fact in _national_facts(answer):
        if fact.fact_id in said:
            fact.value.CopyFrom(fact_message(said[fact.fact_id]).value)


def _national_facts(answer: NumberAnswer) -> list[Any]:
    """Return the facts of an answer that the registers here never recorded."""
    if isinstance(answer, pb.SplitNumberResponse):
        found = [*answer.split_off.facts, *answer.remaining.facts]
    else:
        found = list(answer.person.facts)
    if isinstance(answer, pb.ReplaceNumberResponse):
        found += [fact for conflict in answer.conflicts for fact in (conflict.former, conflict.next)]
    return [fact for fact in found if not fact.HasField("record_time")]


_PERSONS = frozenset({"person", "split_off", "remaining"})
_FACTS = frozenset({"moving_facts", "returned_facts", "taken_facts", "undecided_facts"})
_IDENTIFIERS = frozenset({"moving_identifiers", "returned_identifiers"})


def narrow(answer: NumberAnswer | pb.PreviewReplacementResponse, view: View) -> None:
    """Take out of an answer what a call may not be shown; one that was kept may show what is no longer granted."""
    fields = answer.DESCRIPTOR.fields_by_name
    for name in _PERSONS.intersection(fields):
        if answer.HasField(name):  # type: ignore[arg-type]
            _narrow_person(getattr(answer, name), view)
    for name in _FACTS.intersection(fields):
        _keep_shown(getattr(answer, name), view)
    if not view.identifiers:
        for name in _IDENTIFIERS.intersection(fields):
            answer.ClearField(name)  # type: ignore[arg-type]
    if "conflicts" in fields:
        listed: Any = answer.conflicts  # type: ignore[union-attr]
        kept = [each for each in listed if each.data_group in view.shown]
        del listed[:]
        listed.extend(kept)


def _narrow_person(person: Any, view: View) -> None:
    _keep_shown(person.facts, view)
    person.withheld[:] = [int(group) for group in view.withheld]
    if not view.identifiers:
        person.ClearField("foreign_identifiers")


def _keep_shown(facts: Any, view: View) -> None:
    """Take out of facts those of a group that is not shown."""
    shown = {group.name.lower() for group in view.shown}
    left = []
    for fact in facts:
        group = fact.value.WhichOneof("value")  # none: the national register no longer says it
        if group in shown or (group is None and view.shown == ALL_GROUPS):
            left.append(fact)
    del facts[:]
    facts.extend(left)
