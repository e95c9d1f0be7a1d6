# ruff: noqa: ARG005 - not every request is about somebody
"""A request for every method of the contract: about one's own institution or person, or about another's."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass


@dataclass(frozen=True)
class Asked:
    """Whom requests are about.

    Attributes:
        person: on whom the caller's institution has a dossier.
        stranger: on whom it has none.
        further: another on whom it has none.
        institution: the caller's.
        other: another one.
    """

    person: str
    stranger: str
    further: str
    institution: Mapping[str, int]
    other: Mapping[str, int]

    def ssin(self, *, own: bool) -> str:
        """Return the number of a person."""
        return self.person if own else self.stranger

    def ref(self, *, own: bool) -> Mapping[str, int]:
        """Return an institution."""
        return self.institution if own else self.other


Fields = Mapping[str, Any]
_NAME = {"value": {"name": {"family_name": "Matrix", "given_names": ["Mia"]}}}
_DAY = {"year": 2026, "month": 3, "day": 1}


def _rehearsed(**fields: Any) -> Fields:
    return {"request_id": str(uuid.uuid4()), "validate_only": True, **fields}


def _about(asked: Asked, own: bool, **fields: Any) -> Fields:
    return _rehearsed(ssin=asked.ssin(own=own), **fields)


def _pair(asked: Asked, own: bool) -> Fields:
    # Of two numbers one person is said: a dossier under either of them suffices.
    return {"former_ssin": asked.ssin(own=own), "next_ssin": asked.further}


_NOTHING: Callable[[Asked, bool], Fields] = lambda _asked, _own: {}  # noqa: E731
_KEY = {"country": "FR", "scheme": "IDENTIFIER_SCHEME_NATIONAL_NUMBER", "identifier": "123456"}

REQUESTS: Mapping[str, Callable[[Asked, bool], Fields]] = {
    "IdentityService/GetPerson": lambda a, own: {"ssin": a.ssin(own=own)},
    "IdentityService/BatchGetPersons": lambda a, own: {"ssins": [a.ssin(own=own)]},
    "IdentityService/ResolveNumbers": lambda a, own: {"ssins": [a.ssin(own=own)]},
    "IdentityService/SearchPersons": lambda a, own: {
        "criteria": {"family_name": "Matrix", "birth_date": {"year": 1980}}
    },
    "IdentityService/ListPersonVersions": lambda a, own: {"ssin": a.ssin(own=own)},
    "IdentityService/FindPersonsByForeignIdentifier": lambda a, own: {"key": _KEY},
    "IdentityService/ListSuspectedDuplicates": _NOTHING,
    "IdentityService/ExportPersons": _NOTHING,
    "RegistrationService/RegisterPerson": lambda a, own: _rehearsed(
        facts=[
            {"value": {"name": {"family_name": "Newcomer", "given_names": ["Nele"]}}},
            {"value": {"birth": {"date": {"year": 1990, "month": 2, "day": 3}, "place": {"country": "FR"}}}},
            {"value": {"gender": "GENDER_FEMALE"}},
        ]
    ),
    "RegistrationService/UpdatePerson": lambda a, own: _about(a, own, changes=[{"statement": _NAME}]),
    "RegistrationService/RetractFact": lambda a, own: _about(a, own, fact_id=str(uuid.uuid4())),
    "RegistrationService/PreviewReplacement": _pair,
    "RegistrationService/ReplaceNumber": lambda a, own: _rehearsed(
        **_pair(a, own), reason="NUMBER_CHANGE_REASON_DUPLICATE"
    ),
    "RegistrationService/SplitNumber": _about,
    "RegistrationService/CancelNumber": _about,
    "RegistrationService/MoveToRegister": lambda a, own: _about(a, own, register="REGISTER_RAD"),
    "RegistrationService/RecordDistinct": lambda a, own: _about(
        a, own, decision={"ssin": a.ssin(own=not own), "reason": "DISTINCT_REASON_HOMONYM", "note": "twins"}
    ),
    "RegistrationService/LinkForeignIdentifier": lambda a, own: _about(a, own, key=_KEY),
    "RegistrationService/EndForeignIdentifierLink": lambda a, own: _about(
        a, own, link_id=str(uuid.uuid4()), end=_DAY
    ),
    "RegistrationService/SetProtection": lambda a, own: _about(
        a, own, state="PROTECTION_STATE_PROTECTED", reference="judgment 1"
    ),
    "RegistrationService/ImportPersons": lambda a, own: {
        "import_id": str(uuid.uuid4()), "validate_only": True, "first_row": 1,
    },
    "IdentityFeedService/WatchChanges": lambda a, own: {"start": {"now": True}, "heartbeat_seconds": 1},
    "IdentityFeedService/GetDigest": lambda a, own: {"day": _DAY},
    "DossierService/RegisterDossier": lambda a, own: _about(
        a, own, institution=a.ref(own=own), capacity=2, phase=10, period={"begin": _DAY}
    ),
    "DossierService/UpdateDossier": lambda a, own: _about(
        a, own, dossier_id=str(uuid.uuid4()), etag="1", update_mask="source", source="matrix"
    ),
    "DossierService/CloseDossier": lambda a, own: _about(
        a, own, dossier_id=str(uuid.uuid4()), etag="1", end=_DAY
    ),
    "DossierService/RemoveDossiers": lambda a, own: _about(a, own, all={}),
    "DossierService/ReconfirmDossiers": lambda a, own: _rehearsed(
        dossiers=[{"ssin": a.ssin(own=own), "dossier_id": str(uuid.uuid4())}]
    ),
    # Each row that is another institution's is refused, and stops nobody.
    "DossierService/ImportDossiers": lambda a, own: {
        "import_id": str(uuid.uuid4()), "validate_only": True, "first_row": 1,
        "rows": [{"ssin": a.ssin(own=own), "institution": a.ref(own=own), "capacity": 2, "phase": 10,
                  "period": {"begin": _DAY}}],
    },
    "DirectoryService/ListDossiers": lambda a, own: {"ssin": a.ssin(own=own)},
    "DirectoryService/ResolveDossiers": lambda a, own: {"ssins": [a.ssin(own=own)]},
    "DirectoryService/GetRoute": lambda a, own: {
        "ssin": a.ssin(own=own), "data_set": {"code": "PENSION-RIGHTS"},
    },
    "DirectoryService/CheckAccess": lambda a, own: {"questions": [{"ssin": a.ssin(own=own)}]},
    "DirectoryService/GetCoverage": lambda a, own: {**a.ref(own=own)},
    "DirectoryService/ListStaleDossiers": _NOTHING,
    "DirectoryService/ExportDossiers": _NOTHING,
    "NoticeService/WatchNotices": lambda a, own: {"start": {"now": True}, "heartbeat_seconds": 1},
    "NoticeService/AcknowledgeNotices": _NOTHING,
    "NoticeService/GetNoticeDigest": lambda a, own: {"day": _DAY},
    "NoticeService/ExplainImpact": lambda a, own: {"ssin": a.ssin(own=own)},
    "KnowledgeService/ListSectors": _NOTHING,
    "KnowledgeService/ListInstitutions": _NOTHING,
    "KnowledgeService/ListCapacities": _NOTHING,
    "KnowledgeService/ListDataSets": _NOTHING,
    "KnowledgeService/ListAvailabilities": _NOTHING,
    "KnowledgeService/ListAuthorisations": _NOTHING,
    "KnowledgeService/ListDeliberations": _NOTHING,
    "KnowledgeService/WriteEntries": lambda a, own: _rehearsed(
        entries=[{"sector": {"code": 999, "labels": {"en": "Matrix"}, "validity": {"begin": _DAY}}}]
    ),
    "AuditService/ListAccessRecords": _NOTHING,
    "AuditService/GetProof": lambda a, own: {"log": "LOG_ACCESS", "record_id": str(uuid.uuid4())},
    "AuditService/GetSignedHead": lambda a, own: {"log": "LOG_ACCESS"},
    "AuditService/CheckConsistency": lambda a, own: {"log": "LOG_ACCESS", "first_size": 1},
    "ParticipantService/GetRights": _NOTHING,
    "ParticipantService/ApplyRights": lambda a, own: _rehearsed(rights={}),
    "ParticipantService/ExplainAccess": lambda a, own: {
        "method": "ParticipantService/ExplainAccess", "participant_id": "" if own else "institution-5-1",
    },
    "ParticipantService/ListGrantees": lambda a, own: {"data_group": "name"},
    "ParticipantService/GetOwnRights": _NOTHING,
    "ParticipantService/ListRightsChanges": _NOTHING,
}  # fmt: skip


def request_for(method: MethodDescriptor, asked: Asked, *, own: bool) -> Message:
    """Return the request of a method; a method that is not in the table has none, and fails the build."""
    fields = REQUESTS[f"{method.containing_service.name}/{method.name}"](asked, own)
    return json_format.ParseDict(dict(fields), GetMessageClass(method.input_type)())
