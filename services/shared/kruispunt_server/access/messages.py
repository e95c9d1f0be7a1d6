"""Rights: protobuf to values and back."""

import datetime as dt
import re
from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.message import Message

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.quota_text import write_quota
from kruispunt.quoting import quoted
from kruispunt_server.access.checking import Fault
from kruispunt_server.access.difference import Detail, RightsChange, Usual, effect_of
from kruispunt_server.access.forms import IDENTIFIER, IDENTIFIER_SAYS, URI, URI_SAYS
from kruispunt_server.access.rights import ANY, Grant, LegalBasis, Quota, Registration, Rights, Validity
from kruispunt_server.call import Participant, Role
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import RegistryError
from kruispunt_server.purpose import REFERENCE_SAYS, is_reference
from kruispunt_server.quotas.standing import Standing
from kruispunt_server.wire import date_message, institution_message, parse_institution, parse_optional_day

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}").fullmatch
_NAME: Final = re.compile(r"[A-Za-z_]{1,64}").fullmatch
_PATTERN: Final = re.compile(r"[A-Za-z]{1,64}/(?:[A-Za-z]{1,64}|\*)").fullmatch
_LONGEST_TITLE: Final = 200
_MOST_CALLS: Final = 1_000_000_000
_LONGEST_S: Final = 86_400

_ROLES: Final[dict[int, Role]] = {
    pb.ROLE_SUPPLIER: Role.SUPPLIER,
    pb.ROLE_CONSUMER: Role.CONSUMER,
    pb.ROLE_REGISTRAR: Role.REGISTRAR,
    pb.ROLE_ADMINISTRATOR: Role.ADMINISTRATOR,
    pb.ROLE_AUDITOR: Role.AUDITOR,
    pb.ROLE_DATA_PROTECTION_OFFICER: Role.DATA_PROTECTION_OFFICER,
    pb.ROLE_INTERNAL_SERVICE: Role.INTERNAL_SERVICE,
}
_ROLE_NUMBERS: Final = {role: number for number, role in _ROLES.items()}


class RightsReader:
    """Reads rights; what is malformed is added to `faults`, and stands in the result as it came.

    Attributes:
        faults: so far; their paths begin inside the rights.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def rights(self, message: pb.Rights) -> Rights:
        """Return the rights; not to be used unless there are no faults."""
        return Rights(
            tuple(
                self._registration(one, f"participants[{at}]") for at, one in enumerate(message.participants)
            ),
            tuple(self._legal_basis(one, f"legal_bases[{at}]") for at, one in enumerate(message.legal_bases)),
            tuple(self._grant(one, f"grants[{at}]") for at, one in enumerate(message.grants)),
        )

    def _registration(self, message: pb.Participant, path: str) -> Registration:
        name = self._form(message.participant_id, IDENTIFIER, f"{path}.participant_id", IDENTIFIER_SAYS)
        uris = self._forms(message.uris, URI, f"{path}.uris", URI_SAYS)
        revoked = self._forms(
            message.revoked_certificates,
            _FINGERPRINT,
            f"{path}.revoked_certificates",
            "a SHA-256: 64 hexadecimal digits in lower case",
            optional=True,
        )
        institution = None
        if message.HasField("institution"):
            try:
                institution = parse_institution(message.institution, f"{path}.institution")
            except RegistryError as error:
                self._fault(error.field, error.message)
        return Registration(
            Participant(name, self._roles(message.roles, f"{path}.roles"), institution),
            uris,
            self._validity(message, path),
            revoked,
            self._quotas(message.quotas, f"{path}.quotas"),
        )

    def _roles(self, numbers: Iterable[int], path: str) -> frozenset[Role]:
        given = list(numbers)
        if not given:
            self._fault(path, "a participant has at least one role")
        for place, number in enumerate(given):
            if number not in _ROLES:
                self._fault(f"{path}[{place}]", "there is no such role")
            elif number in given[:place]:
                self._fault(f"{path}[{place}]", f"the role {quoted(_ROLES[number])} is named twice")
        return frozenset(_ROLES[number] for number in given if number in _ROLES)

    def _quotas(self, message: pb.Quotas, path: str) -> dict[MethodClass, Quota]:
        found = {}
        for kind in MethodClass:
            if message.HasField(kind.value):
                quota = self._quota(getattr(message, kind.value), f"{path}.{kind.value}")
                if quota is not None:
                    found[kind] = quota
        return found

    def _quota(self, message: pb.Quota, path: str) -> Quota | None:
        if 1 <= message.calls <= _MOST_CALLS and 1 <= message.per_seconds <= _LONGEST_S:
            return Quota(message.calls, message.per_seconds)
        said = quoted(write_quota(message.calls, message.per_seconds))
        self._fault(path, f"1 to {_MOST_CALLS} calls in 1 to {_LONGEST_S} seconds, not {said}")
        return None

    def _legal_basis(self, message: pb.LegalBasis, path: str) -> LegalBasis:
        name = self._form(message.legal_basis, is_reference, f"{path}.legal_basis", REFERENCE_SAYS)
        if not 1 <= len(message.title) <= _LONGEST_TITLE or not message.title.isprintable():
            self._fault(
                f"{path}.title", f"1 to {_LONGEST_TITLE} printable characters, not {quoted(message.title)}"
            )
        groups = self._forms(message.data_groups, _NAME, f"{path}.data_groups", "the name of a data group")
        return LegalBasis(name, message.title, groups, self._validity(message, path))

    def _grant(self, message: pb.Grant, path: str) -> Grant:
        name = self._form(message.grant_id, IDENTIFIER, f"{path}.grant_id", IDENTIFIER_SAYS)
        legal_basis = message.legal_basis
        if legal_basis != ANY:
            self._form(legal_basis, is_reference, f"{path}.legal_basis", 'the name of a legal basis, or "*"')
        quota = self._quota(message.quota, f"{path}.quota") if message.HasField("quota") else None
        return Grant(
            name,
            self._forms(
                message.participants, IDENTIFIER, f"{path}.participants", "the identifier of a participant"
            ),
            self._forms(message.methods, _PATTERN, f"{path}.methods", '"Service/Method" or "Service/*"'),
            legal_basis,
            self._forms(message.data_groups, _NAME, f"{path}.data_groups", "the name of a data group"),
            message.requires_dossier,
            message.shows_protected,
            self._validity(message, path),
            quota,
        )

    def _validity(self, message: Message, path: str) -> Validity:
        days: list[dt.date | None] = []
        for name in ("begin", "end"):
            try:
                days.append(parse_optional_day(message, name, path))
            except RegistryError as error:
                self._fault(error.field, error.message)
                days.append(None)
        return Validity(*days)

    def _forms(
        self, texts: Iterable[str], form: Any, path: str, what: str, *, optional: bool = False
    ) -> tuple[str, ...]:
        given = tuple(texts)
        if not given and not optional:
            self._fault(path, "at least one entry")
        for place, text in enumerate(given):
            self._form(text, form, f"{path}[{place}]", what)
        return given

    def _form(self, text: str, form: Any, path: str, what: str) -> str:
        if not form(text):
            self._fault(path, f"{what}, not {quoted(text)}")
        return text

    def _fault(self, path: str, sentence: str) -> None:
        self.faults.append(Fault(path, sentence))


def rights_message(rights: Rights) -> pb.Rights:
    """Return rights as a message."""
    return pb.Rights(
        participants=map(_participant_message, rights.registrations),
        legal_bases=map(_legal_basis_message, rights.legal_bases),
        grants=map(_grant_message, rights.grants),
    )


def change_message(change: RightsChange, usual: Usual) -> pb.RightsChange:
    """Return a difference as a message; what it does to quotas that are left out, by the server's own."""
    details = change.details(usual)
    return pb.RightsChange(
        kind=int(change.kind),  # type: ignore[arg-type]
        entry=change.entry,
        differences=map(_detail_message, details),
        effect=int(effect_of(change.kind, details)),  # type: ignore[arg-type]
    )


def _detail_message(detail: Detail) -> pb.RightsDetail:
    return pb.RightsDetail(
        key=detail.key,
        before=detail.before,
        after=detail.after,
        effect=int(detail.effect),  # type: ignore[arg-type]
    )


def _participant_message(one: Registration) -> pb.Participant:
    message = pb.Participant(
        participant_id=one.participant.participant_id,
        roles=sorted(_ROLE_NUMBERS[role] for role in one.participant.roles),  # type: ignore[misc]
        uris=one.uris,
        revoked_certificates=one.revoked_certificates,
    )
    institution = one.participant.institution
    if institution is not None:
        message.institution.CopyFrom(institution_message(institution))
    for kind, quota in one.quotas.items():
        getattr(message.quotas, kind.value).CopyFrom(_quota_message(quota))
    _put_days(message, one.validity)
    return message


def _legal_basis_message(one: LegalBasis) -> pb.LegalBasis:
    message = pb.LegalBasis(legal_basis=one.legal_basis, title=one.title, data_groups=one.data_groups)
    _put_days(message, one.validity)
    return message


def _grant_message(one: Grant) -> pb.Grant:
    message = pb.Grant(
        grant_id=one.grant_id,
        participants=one.participants,
        methods=one.methods,
        legal_basis=one.legal_basis,
        data_groups=one.data_groups,
        requires_dossier=one.requires_dossier,
        shows_protected=one.shows_protected,
    )
    if one.quota is not None:
        message.quota.CopyFrom(_quota_message(one.quota))
    _put_days(message, one.validity)
    return message


def _quota_message(quota: Quota) -> pb.Quota:
    return pb.Quota(calls=quota.calls, per_seconds=quota.per_seconds)


def applied_quota_message(one: Standing, *, nearest: bool = False) -> pb.AppliedQuota:
    """Return a quota as a call meets it."""
    message = pb.AppliedQuota(
        name=one.name,
        quota=_quota_message(one.quota),
        source=int(one.source),  # type: ignore[arg-type]
        nearest=nearest,
        grant_id=one.grant_id,
    )
    if one.left is not None:
        message.left = one.left
    return message


def _put_days(message: Any, validity: Validity) -> None:
    if validity.begin is not None:
        message.begin.CopyFrom(date_message(validity.begin))
    if validity.end is not None:
        message.end.CopyFrom(date_message(validity.end))
