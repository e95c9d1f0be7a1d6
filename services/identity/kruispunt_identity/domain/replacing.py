"""Which numbers may take whose place, and which may be split off, cancelled and moved.

A bis number is replaced by another bis number or by a national number; a number that is struck off (RAD) counts as a
national number. A national number is never replaced by a bis number; by another national number only as a CORRECTION:
the national register itself gives another number when a birth date or a gender was wrong, and says so.

Source: domain.md §3; the rule on national numbers is ours.
"""

import datetime as dt
from typing import Final

from kruispunt_identity.domain.number import ChangeReason, Number, NumberStatus, Register
from kruispunt_server.errors import Reason, RegistryError

REPLACING: Final = frozenset(
    {ChangeReason.DUPLICATE, ChangeReason.NATIONAL_NUMBER_GIVEN, ChangeReason.CORRECTION}
)
"""Why a number may be replaced."""


def already_replaced(former: Number, next_: Number, reason: ChangeReason) -> bool:
    """Return whether the replacement stands already, or let it be made, or raise.

    Raises:
        RegistryError: both are one person already, INVALID_ARGUMENT / SAME_PERSON; one of the two was replaced,
            FAILED_PRECONDITION / NUMBER_REPLACED; one was cancelled, FAILED_PRECONDITION / NUMBER_CANCELLED; the
            registers do not allow it, FAILED_PRECONDITION / REPLACEMENT_FORBIDDEN.
    """
    if former.replacement is not None and former.replacement.next_ == next_.ssin:
        return True
    if next_.root == former.ssin:
        raise RegistryError(
            Reason.SAME_PERSON, "both numbers stand for the same person already", field="next_ssin"
        )
    for number, field in ((former, "former_ssin"), (next_, "next_ssin")):
        refuse_unless_active(number, field)
    _check_registers(former, next_, reason)
    return False


def _check_registers(former: Number, next_: Number, reason: ChangeReason) -> None:
    if former.register is not Register.BIS:
        if next_.register is Register.BIS:
            raise _forbidden("a national number is not replaced by a bis number", "next_ssin")
        if reason is not ChangeReason.CORRECTION:
            raise _forbidden("a national number is replaced by another as a correction only", "reason")
    if reason is ChangeReason.NATIONAL_NUMBER_GIVEN and next_.register is Register.BIS:
        raise _forbidden("the number that takes the place is no national number", "reason")


def refuse_unless_active(number: Number, field: str = "ssin") -> None:
    """Raise unless a number stands.

    Raises:
        RegistryError: it was replaced, FAILED_PRECONDITION / NUMBER_REPLACED, or cancelled, FAILED_PRECONDITION /
            NUMBER_CANCELLED.
    """
    if number.status is NumberStatus.REPLACED:
        raise RegistryError(Reason.NUMBER_REPLACED, "the number was replaced", field=field)
    if number.status is NumberStatus.CANCELLED:
        raise RegistryError(Reason.NUMBER_CANCELLED, "the number was cancelled", field=field)


def refuse_stale(number: Number, etag: str, field: str) -> None:
    """Raise if the caller saw another state of the person than stands; an empty etag is always right.

    Raises:
        RegistryError: ABORTED / ETAG_MISMATCH.
    """
    if etag and etag != number.etag:
        raise RegistryError(Reason.ETAG_MISMATCH, "the person has changed since it was read", field=field)


def following(now: dt.datetime, *numbers: Number) -> dt.datetime:
    """Return the instant of a change: now, or a moment after the last change of the persons it touches.

    Who owned a fact when it was told is a matter of what came first: time never runs backwards in a person, whichever
    machine's clock is behind.
    """
    return max([now, *(number.recorded_at + dt.timedelta(microseconds=1) for number in numbers)])


def _forbidden(sentence: str, field: str) -> RegistryError:
    return RegistryError(Reason.REPLACEMENT_FORBIDDEN, sentence, field=field)
