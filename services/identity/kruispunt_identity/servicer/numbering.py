"""Registrars and institutions keep the numbers in order: replace, split, cancel, move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.found import Found, FoundPerson
from kruispunt_identity.domain.merging import conflicts
from kruispunt_identity.domain.national import NationalRegister
from kruispunt_identity.domain.number import ChangeReason, Register
from kruispunt_identity.domain.protection import person_protected
from kruispunt_identity.domain.replacing import already_replaced
from kruispunt_identity.domain.rights import DOSSIER, View
from kruispunt_identity.messages.numbering import (
    NumberAnswer,
    conflict_message,
    fill_national_values,
    narrow,
    parse_effective_on,
    parse_fact_ids,
    parse_reason,
    parse_register,
    seen_messages,
    without_national_values,
)
from kruispunt_identity.messages.persons import identifier_message, person_message, resolved_message
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.moving import MovingStore
from kruispunt_identity.store.numbering import NumberingStore, ReplacementOrder, refuse_national
from kruispunt_identity.store.persons import Known, PersonStore
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.store.splitting import SplitReceipt, SplittingStore
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import institution_message, parse_ssin, parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_server.writes import Writes

_NUMBER = "number"
_ONE, _PAIR = ("ssin",), ("former_ssin", "next_ssin")


@dataclass(frozen=True, slots=True)
class NumberingStores:
    """What the servicer works on."""

    persons: PersonStore
    reader: PersonReader
    numbering: NumberingStore
    splitting: SplittingStore
    moving: MovingStore


class NumberingServicer:
    """One method per rpc: parse, change in one transaction, build. What each does stands in the contract."""

    def __init__(
        self,
        stores: NumberingStores,
        national: NationalRegister,
        guard: Guard,
        writes: "Writes",
        clock: Clock,
    ) -> None:
        self._stores = stores
        self._national = national
        self._guard = guard
        self._writes = writes
        self._clock = clock

    def PreviewReplacement(
        self, request: pb.PreviewReplacementRequest, call: Call
    ) -> pb.PreviewReplacementResponse:
        """Say what a replacement would do."""
        asked = _parse_pair(request)
        view = View.of(call.right)
        with _Noted(call, asked, view.label):
            # Whatever the registers would let be replaced for some reason can be looked at.
            order, numbers = self._order(call, asked, ChangeReason.CORRECTION)
            self._refuse_protected(call, asked, _PAIR)
            stands = already_replaced(*self._stores.numbering.pair(order), order.reason)
            response = self._preview(asked, stands=stands)
            narrow(response, view)
            told, complete = self._guard.institutions(call, numbers)
        response.told.extend(institution_message(each) for each in told)
        response.told_is_complete = complete
        _note(call, asked, view.label, "found")
        return response

    def ReplaceNumber(self, request: pb.ReplaceNumberRequest, call: Call) -> pb.ReplaceNumberResponse:
        """Replace a number by another number of the same person."""
        asked = _parse_pair(request)
        key = parse_write_key(request)
        reason = parse_reason(request.reason)
        effective_on = parse_effective_on(request, self._clock.today())
        view = View.of(call.right)
        with _Noted(call, asked, view.label):
            order, _ = self._order(call, asked, reason, request, effective_on)
            self._refuse_protected(call, asked, _PAIR)

            def work(transaction: Any) -> bytes:
                response = pb.ReplaceNumberResponse()
                response.already_replaced = self._stores.numbering.check(transaction, order)
                self._refuse_protected(call, asked, _PAIR, transaction)
                if not response.already_replaced:
                    former, next_ = self._persons_on(transaction, asked)
                    found = conflicts(former.picture, next_.picture)
                    response.conflicts.extend(conflict_message(each) for each in found)
                    self._stores.numbering.replace(transaction, call, order, key.request_id)
                after = self._found_on(transaction, asked[:1])[order.former]
                assert after.person is not None
                response.resolution.CopyFrom(resolved_message(after.resolved, call.right))
                response.person.CopyFrom(person_message(after.person, self._clock.today(), view))
                return without_national_values(response)

            answer = pb.ReplaceNumberResponse.FromString(self._writes.run(call, key, work))
            self._fill(answer, asked)
            narrow(answer, view)
        _note(call, asked, view.label, _result(key.validate_only))
        return answer

    def SplitNumber(self, request: pb.SplitNumberRequest, call: Call) -> pb.SplitNumberResponse:
        """Undo a replacement."""
        ssin = parse_ssin(request.ssin, "ssin")
        key = parse_write_key(request)
        take = parse_fact_ids(request.take_fact_ids)
        effective_on = parse_effective_on(request, self._clock.today())
        view = View.of(call.right)
        with _Noted(call, [ssin], view.label):
            if self._known(ssin, "ssin").only_national:
                raise RegistryError(Reason.NOT_REPLACED, "the number was not replaced", field="ssin")
            self._refuse_protected(call, [ssin], _ONE)

            def work(transaction: Any) -> bytes:
                receipt = self._stores.splitting.split(
                    transaction, call, ssin, take, effective_on, key.request_id
                )
                split_off, remaining = self._persons_on(transaction, [ssin, receipt.remaining])
                self._refuse_protected(call, [ssin, receipt.remaining], _ONE * 2, transaction)
                return without_national_values(self._receipt(receipt, split_off, remaining, view))

            response = pb.SplitNumberResponse.FromString(self._writes.run(call, key, work))
            self._fill(response, [Ssin.parse(response.split_off.ssin), Ssin.parse(response.remaining.ssin)])
            narrow(response, view)
        shown = [Ssin.parse(person.ssin) for person in (response.split_off, response.remaining)]
        _note(call, shown, view.label, _result(key.validate_only))
        return response

    def CancelNumber(self, request: pb.CancelNumberRequest, call: Call) -> pb.CancelNumberResponse:
        """Cancel a number that was given out by mistake."""
        ssin = parse_ssin(request.ssin, "ssin")
        key = parse_write_key(request)
        with _Noted(call, [ssin], _NUMBER):
            known = self._known(ssin, "ssin")
            refuse_national(known.only_national)
            self._refuse_protected(call, [ssin], _ONE)
            concerned, complete = self._guard.institutions(call, known.lineage.numbers)

            def work(transaction: Any) -> bytes:
                self._stores.numbering.cancel(transaction, call, ssin, request.etag, key.request_id)
                self._refuse_protected(call, [ssin], _ONE, transaction)
                after = self._found_on(transaction, [ssin])[ssin]
                return pb.CancelNumberResponse(
                    resolution=resolved_message(after.resolved, call.right),
                    concerned=[institution_message(each) for each in concerned],
                    concerned_is_complete=complete,
                ).SerializeToString()

            body = self._writes.run(call, key, work)
        _note(call, [ssin], _NUMBER, _result(key.validate_only))
        answer = pb.CancelNumberResponse.FromString(body)
        if DOSSIER not in call.right.data_groups:  # granted when the answer was kept, and no longer
            answer.ClearField("concerned")
            answer.concerned_is_complete = False
        return answer

    def MoveToRegister(self, request: pb.MoveToRegisterRequest, call: Call) -> pb.MoveToRegisterResponse:
        """Move a person between the national register and ours."""
        ssin = parse_ssin(request.ssin, "ssin")
        key = parse_write_key(request)
        register = parse_register(request.register)
        effective_on = parse_effective_on(request, self._clock.today())
        view = View.of(call.right)
        with _Noted(call, [ssin], view.label):
            if ssin.kind is SsinKind.BIS:
                raise RegistryError(Reason.MOVE_FORBIDDEN, "a bis number is not moved", field="ssin")
            self._refuse_protected(call, [ssin], _ONE)
            person = self._national.find_many([ssin]).get(ssin)
            profile = self._national.profiles([ssin]).get(int(ssin))

            def work(transaction: Any) -> bytes:
                told = (effective_on, key.request_id)
                if register is Register.RAD:
                    moved = self._stores.moving.strike_off(transaction, call, ssin, person, *told)
                else:
                    moved = self._stores.moving.give_back(transaction, call, ssin, profile, *told)
                self._refuse_protected(call, [ssin], _ONE, transaction)
                (after,) = self._persons_on(transaction, [ssin])
                return without_national_values(
                    pb.MoveToRegisterResponse(
                        person=person_message(after, self._clock.today(), view), already_there=not moved
                    )
                )

            answer = pb.MoveToRegisterResponse.FromString(self._writes.run(call, key, work))
            self._fill(answer, [ssin])
            narrow(answer, view)
        _note(call, [ssin], view.label, _result(key.validate_only))
        return answer

    def _refuse_protected(
        self, call: Call, asked: Sequence[Ssin], fields: Sequence[str], transaction: Any = None
    ) -> None:
        """Let nobody change numbers of a person whom they may not see: they would not know what they do.

        Asked before the transaction, so that a repeated request does not bring back what was shown before the mark; and
        in it, once the persons are locked.
        """
        if call.right.shows_protected:
            return
        protected = self._stores.persons.protected(asked, transaction)
        for ssin, field in zip(asked, fields, strict=True):
            if ssin in protected:
                raise person_protected(field)

    def _known(self, ssin: Ssin, field: str) -> Known:
        try:
            return self._stores.persons.find(ssin)
        except RegistryError as refusal:
            refusal.field = field if refusal.field else ""
            raise

    def _order(
        self,
        call: Call,
        asked: Sequence[Ssin],
        reason: ChangeReason,
        request: pb.ReplaceNumberRequest | None = None,
        effective_on: Any = None,
    ) -> tuple[ReplacementOrder, list[Ssin]]:
        """Let the caller replace one of two numbers by the other; returns what is asked for, and all numbers of both."""
        former, next_ = asked
        if former == next_:
            raise RegistryError(Reason.SAME_PERSON, "a number is not replaced by itself", field="next_ssin")
        self._guard.refuse_unreadable(call, {former: "former_ssin", next_: "next_ssin"})
        known = {former: self._known(former, "former_ssin"), next_: self._known(next_, "next_ssin")}
        numbers = list(dict.fromkeys(ssin for each in known.values() for ssin in each.lineage.numbers))
        self._guard.check(call, numbers, "former_ssin")
        order = ReplacementOrder(
            former=former,
            next_=next_,
            reason=reason,
            effective_on=effective_on or self._clock.today(),
            former_etag=request.former_etag if request else "",
            next_etag=request.next_etag if request else "",
            only_national=frozenset(ssin for ssin, each in known.items() if each.only_national),
        )
        return order, numbers

    def _preview(self, asked: Sequence[Ssin], *, stands: bool) -> pb.PreviewReplacementResponse:
        found = self._stores.reader.persons(asked, valid_at=self._clock.today())
        former, next_ = (_person_of(found[ssin]) for ssin in asked)
        response = pb.PreviewReplacementResponse(former_etag=former.etag, next_etag=next_.etag)
        if stands:
            return response
        facts, links = self._stores.numbering.moving(former.lineage)
        response.moving_facts.extend(seen_messages(facts, former.picture))
        response.moving_identifiers.extend(identifier_message(each) for each in links)
        response.moving_ssins.extend(str(ssin) for ssin in former.lineage.numbers[1:])
        response.conflicts.extend(conflict_message(each) for each in conflicts(former.picture, next_.picture))
        return response

    def _receipt(
        self, receipt: SplitReceipt, split_off: FoundPerson, remaining: FoundPerson, view: View
    ) -> pb.SplitNumberResponse:
        today = self._clock.today()
        return pb.SplitNumberResponse(
            split_off=person_message(split_off, today, view),
            remaining=person_message(remaining, today, view),
            returned_facts=seen_messages(receipt.returned, split_off.picture),
            taken_facts=seen_messages(receipt.taken, split_off.picture),
            undecided_facts=seen_messages(receipt.undecided, remaining.picture),
            returned_identifiers=[identifier_message(each) for each in receipt.identifiers],
            returned_ssins=[str(ssin) for ssin in receipt.numbers],
        )

    def _fill(self, answer: NumberAnswer, asked: Sequence[Ssin]) -> None:
        """Put into an answer what of it is never kept: the national register is asked for it anew."""
        found = self._stores.reader.persons(asked, valid_at=self._clock.today())
        fill_national_values(answer, [each.person.picture for each in found.values() if each.person])

    def _found_on(self, transaction: Any, asked: Sequence[Ssin]) -> dict[Ssin, Found]:
        return self._stores.reader.persons_on(transaction, asked, valid_at=self._clock.today())

    def _persons_on(self, transaction: Any, asked: Sequence[Ssin]) -> list[FoundPerson]:
        found = self._found_on(transaction, asked)
        return [_person_of(found[ssin]) for ssin in asked]


class _Noted:
    """Notes, if what runs in it is refused, whom the call asked about."""

    def __init__(self, call: Call, asked: Sequence[Ssin], groups: str) -> None:
        self._call = call
        self._asked = asked
        self._groups = groups

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, RegistryError):
            _note(self._call, self._asked, self._groups, error.reason.label)


def _note(call: Call, shown: Sequence[Ssin], groups: str, result: str) -> None:
    for ssin in shown:
        call.look(int(ssin), groups, result)


def _result(validate_only: bool) -> str:  # noqa: FBT001 - a field of the request
    return "validated" if validate_only else "written"


def _parse_pair(request: Any) -> list[Ssin]:
    return [parse_ssin(request.former_ssin, "former_ssin"), parse_ssin(request.next_ssin, "next_ssin")]


def _person_of(found: Found) -> FoundPerson:
    assert found.person is not None
    return found.person
