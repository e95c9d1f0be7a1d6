"""Whatever arrives gets a status, a reason and a field path of its own; nothing of a person comes back or is logged."""

import uuid
from typing import Any

import grpc
from google.protobuf import field_mask_pb2, timestamp_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from google.type.date_pb2 import Date
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.directory.service.conftest import ADMINISTRATOR, ANNA, PENSIONS, WELFARE, Directory

from kruispunt import Period
from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import directory_service_pb2 as directory_pb
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as dossier_service_pb
from kruispunt.directory.v1 import knowledge_service_pb2 as knowledge_pb
from kruispunt.period import EARLIEST

SERVICES = [
    file.DESCRIPTOR.services_by_name[name]
    for file, name in (
        (directory_pb, "DirectoryService"),
        (dossier_service_pb, "DossierService"),
        (knowledge_pb, "KnowledgeService"),
    )
]
METHODS: dict[str, MethodDescriptor] = {
    method.name: method for service in SERVICES for method in service.methods
}
METADATA = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)
CANARIES = ("85073003328", "85073003329", "Vandermeersch-Kanarie", "1985-07-30")

SSIN = str(ANNA)
ID = str(uuid.uuid4())
BEGIN = Date(year=2020, month=1, day=1)
PERIOD = values_pb2.Period(begin=BEGIN)
GOOD: dict[str, dict[str, Any]] = {
    "RegisterDossier": {"request_id": ID, "ssin": SSIN, "capacity": 100, "period": PERIOD},
    "UpdateDossier": {
        "request_id": ID,
        "ssin": SSIN,
        "dossier_id": ID,
        "phase": 20,
        "update_mask": field_mask_pb2.FieldMask(paths=["phase"]),
    },
    "CloseDossier": {"request_id": ID, "ssin": SSIN, "dossier_id": ID, "end": BEGIN},
    "RemoveDossiers": {"request_id": ID, "ssin": SSIN, "all": {}},
    "ReconfirmDossiers": {"request_id": ID},
    "ListDossiers": {"ssin": SSIN},
    "GetRoute": {"ssin": SSIN, "data_set": {"code": "PENSION-RIGHTS"}},
    "CheckAccess": {"questions": [{"ssin": SSIN}]},
    "GetCoverage": {},
    "ListStaleDossiers": {},
    "WriteEntries": {"request_id": ID, "entries": [{"sector": {"code": 999}}]},
}


def date(year: int = 0, month: int = 0, day: int = 0) -> Date:
    return Date(year=year, month=month, day=day)


def span(begin: Date, end: Date | None = None) -> values_pb2.Period:
    return values_pb2.Period(begin=begin, end=end)


LATE = timestamp_pb2.Timestamp(seconds=4_000_000_000)

WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    ("ListDossiers", {"ssin": ""}, "FIELD_REQUIRED", "ssin"),
    ("ListDossiers", {"ssin": "8507300332"}, "NUMBER_MALFORMED", "ssin"),
    ("ListDossiers", {"ssin": "85073003329"}, "NUMBER_MALFORMED", "ssin"),
    ("ListDossiers", {"ssin": "85.07.30-033.28"}, "NUMBER_MALFORMED", "ssin"),
    ("ListDossiers", {"ssin": "٨٥٠٧٣٠٠٣٣٢٨"}, "NUMBER_MALFORMED", "ssin"),
    ("ListDossiers", {"ssin": "8507300332\x00"}, "NUMBER_MALFORMED", "ssin"),
    ("ListDossiers", {"valid_at": date(2026, 2, 30)}, "DATE_INVALID", "valid_at"),
    ("ListDossiers", {"valid_at": date(2026, 2)}, "DATE_INVALID", "valid_at"),
    ("ListDossiers", {"valid_at": date()}, "DATE_INVALID", "valid_at"),
    ("ListDossiers", {"valid_at": date(-1, 1, 1)}, "DATE_INVALID", "valid_at"),
    ("ListDossiers", {"valid_at": date(9999, 1, 1)}, "DATE_INVALID", "valid_at"),
    ("ListDossiers", {"known_at": LATE}, "TIME_IN_FUTURE", "known_at"),
    ("ListDossiers", {"known_at": timestamp_pb2.Timestamp(seconds=-(2**62))}, "FIELD_INVALID", "known_at"),
    ("ListDossiers", {"known_at": timestamp_pb2.Timestamp(nanos=-5)}, "FIELD_INVALID", "known_at"),
    ("ListDossiers", {"page_size": -1}, "FIELD_INVALID", "page_size"),
    ("ListDossiers", {"page_token": "x"}, "PAGE_TOKEN_INVALID", "page_token"),
    ("ListDossiers", {"filter": {"sector": 1000}}, "FIELD_INVALID", "filter.sector"),
    ("ListDossiers", {"filter": {"institution": 1}}, "FIELD_REQUIRED", "filter.sector"),
    ("ListDossiers", {"filter": {"capacity": -1}}, "FIELD_INVALID", "filter.capacity"),
    ("ListDossiers", {"filter": {"network_level": 7}}, "FIELD_INVALID", "filter.network_level"),
    ("ListDossiers", {"every_period": True, "valid_at": BEGIN}, "FIELD_INVALID", "every_period"),
    ("GetRoute", {"data_set": {}}, "FIELD_REQUIRED", "data_set.code"),
    ("GetRoute", {"data_set": {"code": "pension rights"}}, "FIELD_INVALID", "data_set.code"),
    ("GetRoute", {"data_set": {"code": "X", "variant": 1000}}, "FIELD_INVALID", "data_set.variant"),
    ("GetRoute", {"deliberation": "a b"}, "FIELD_INVALID", "deliberation"),
    ("GetRoute", {"supplier": {"sector": -1}}, "FIELD_INVALID", "supplier.sector"),
    ("CheckAccess", {"questions": []}, "FIELD_REQUIRED", "questions"),
    ("CheckAccess", {"questions": [{"ssin": SSIN}] * 1001}, "TOO_MANY_ELEMENTS", "questions"),
    (
        "CheckAccess",
        {"questions": [{"ssin": SSIN, "data_set": {}}]},
        "FIELD_REQUIRED",
        "questions[0].data_set.code",
    ),
    ("GetCoverage", {"sector": 1000}, "FIELD_INVALID", "sector"),
    ("GetCoverage", {"institution": 1}, "FIELD_REQUIRED", "sector"),
    ("ListStaleDossiers", {"kind": 99}, "FIELD_INVALID", "kind"),
    ("ListStaleDossiers", {"unconfirmed_days": -1}, "FIELD_INVALID", "unconfirmed_days"),
    ("RegisterDossier", {"request_id": ""}, "FIELD_REQUIRED", "request_id"),
    ("RegisterDossier", {"request_id": "x"}, "FIELD_INVALID", "request_id"),
    ("RegisterDossier", {"period": None}, "FIELD_REQUIRED", "period.begin"),
    ("RegisterDossier", {"period": span(date(2020, 13, 1))}, "DATE_INVALID", "period.begin"),
    ("RegisterDossier", {"period": span(BEGIN, date(2020))}, "DATE_INVALID", "period.end"),
    ("RegisterDossier", {"period": span(BEGIN, BEGIN)}, "PERIOD_INVERTED", "period"),
    ("RegisterDossier", {"capacity": 1000}, "FIELD_INVALID", "capacity"),
    ("RegisterDossier", {"phase": 100}, "FIELD_INVALID", "phase"),
    ("RegisterDossier", {"source": "Front Desk"}, "FIELD_INVALID", "source"),
    ("RegisterDossier", {"network_level": 9}, "FIELD_INVALID", "network_level"),
    (
        "RegisterDossier",
        {"institution": {"sector": 5, "institution": 2}},
        "NOT_OWN_INSTITUTION",
        "institution",
    ),
    ("RegisterDossier", {"institution": {"sector": 5000}}, "FIELD_INVALID", "institution.sector"),
    ("RegisterDossier", {"claim": {"family_name": "x" * 101}}, "FIELD_INVALID", "claim.family_name"),
    ("RegisterDossier", {"claim": {"given_names": ["x" * 51]}}, "FIELD_INVALID", "claim.given_names[0]"),
    ("RegisterDossier", {"claim": {"birth_date": date(1985, 99)}}, "DATE_INVALID", "claim.birth_date"),
    ("RegisterDossier", {"claim": {"sex": 3}}, "FIELD_INVALID", "claim.sex"),
    ("UpdateDossier", {"update_mask": None}, "FIELD_REQUIRED", "update_mask"),
    ("UpdateDossier", {"update_mask": {"paths": ["ssin"]}}, "FIELD_INVALID", "update_mask"),
    ("UpdateDossier", {"dossier_id": ""}, "FIELD_REQUIRED", "dossier_id"),
    ("UpdateDossier", {"dossier_id": "nonsense"}, "FIELD_INVALID", "dossier_id"),
    ("UpdateDossier", {"dossier_id": ID}, "DOSSIER_UNKNOWN", "dossier_id"),
    (
        "UpdateDossier",
        {"update_mask": {"paths": ["source"]}, "source": "x", "effective_from": BEGIN},
        "FIELD_INVALID",
        "effective_from",
    ),
    ("UpdateDossier", {"update_mask": {"paths": ["network_level"]}}, "FIELD_REQUIRED", "network_level"),
    ("CloseDossier", {"end": None}, "FIELD_REQUIRED", "end"),
    ("RemoveDossiers", {"all": None}, "FIELD_REQUIRED", "shape"),
    ("RemoveDossiers", {"within": span(BEGIN, BEGIN)}, "PERIOD_INVERTED", "within"),
    ("RemoveDossiers", {"cut": {"dossier_id": ID}}, "FIELD_REQUIRED", "cut.period.begin"),
    ("RemoveDossiers", {"capacity_phase": {"phase": 100}}, "FIELD_INVALID", "capacity_phase.phase"),
    (
        "ReconfirmDossiers",
        {"dossiers": [{"ssin": SSIN, "dossier_id": ID}, {"ssin": "1", "dossier_id": ID}]},
        "NUMBER_MALFORMED",
        "dossiers[1].ssin",
    ),
    ("ReconfirmDossiers", {"dossiers": [{"ssin": SSIN, "dossier_id": ID}] * 2}, "FIELD_INVALID", "dossiers"),
    (
        "ReconfirmDossiers",
        {"dossiers": [{"ssin": SSIN, "dossier_id": ID}] * 1001},
        "TOO_MANY_ELEMENTS",
        "dossiers",
    ),
    ("ReconfirmDossiers", {"synchronised_until": LATE}, "TIME_IN_FUTURE", "synchronised_until"),
]

KIND_OF = {
    "NOT_OWN_INSTITUTION": "PERMISSION_DENIED",
    "DOSSIER_UNKNOWN": "NOT_FOUND",
    "TOO_MANY_ELEMENTS": "RESOURCE_EXHAUSTED",
}


def request_of(method: str, changes: dict[str, Any]) -> Message:
    fields = {**GOOD[method], **changes}
    return GetMessageClass(METHODS[method].input_type)(**{k: v for k, v in fields.items() if v is not None})


def send(
    channel: grpc.Channel, method: MethodDescriptor, body: bytes, metadata: Any = METADATA
) -> grpc.RpcError | None:
    """Make a call of raw bytes; returns its refusal."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.client_streaming:
            list(channel.stream_stream(path)(iter([body]), timeout=10, metadata=metadata))
        else:
            channel.unary_unary(path)(body, timeout=10, metadata=metadata)
    except grpc.RpcError as error:
        return error
    return None


def details(error: grpc.RpcError) -> tuple[str, str]:
    """Return the reason and the field of a refusal."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info.reason, info.metadata.get("field", "")


def test_each_fault_has_its_own_reason_and_path(directory: Directory) -> None:
    """Every malformed request is told which field is wrong and why, and changes nothing."""
    channel = directory.channel(PENSIONS)
    got = []
    for method, changes, *_ in WRONG:
        error = send(channel, METHODS[method], request_of(method, changes).SerializeToString())
        assert error is not None, (method, changes)
        got.append((method, error.code().name, *details(error)))

    assert [(m, KIND_OF.get(reason, "INVALID_ARGUMENT"), reason, path) for m, _, reason, path in WRONG] == got
    assert 0 == directory.count(directory.tables.dossiers.dossier_version)
    assert 0 == directory.count(directory.tables.shared.idempotency)


def test_every_personal_method_wants_a_purpose(directory: Directory) -> None:
    """Without purpose metadata there is no answer, and the field says which part lacks."""
    channel = directory.channel(PENSIONS)
    for name, request in GOOD.items():
        if name in ("GetCoverage", "WriteEntries"):
            continue
        for left_out in range(3):
            metadata = METADATA[:left_out] + METADATA[left_out + 1 :]
            error = send(channel, METHODS[name], request_of(name, request).SerializeToString(), metadata)
            assert error is not None
            assert ("PURPOSE_REQUIRED", METADATA[left_out][0]) == details(error)


def text() -> st.SearchStrategy[str]:
    hostile = [
        "",
        "\x00",
        "\u202eabc",
        "💥" * 50,
        "x" * 10_000,
        "85073003328",
        "85073003329",
        "Vandermeersch-Kanarie",
        "a/b",
        ID,
    ]
    return st.one_of(st.sampled_from(hostile), st.text(max_size=20))


def value_of(field: FieldDescriptor, depth: int) -> st.SearchStrategy[Any]:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING:
            return st.binary(max_size=20) if field.type == FieldDescriptor.TYPE_BYTES else text()
        case FieldDescriptor.CPPTYPE_BOOL:
            return st.booleans()
        case FieldDescriptor.CPPTYPE_ENUM:
            return st.integers(-1, 12)
        case FieldDescriptor.CPPTYPE_MESSAGE:
            return message_of(field.message_type, depth - 1)
        case FieldDescriptor.CPPTYPE_INT64:
            return st.one_of(st.sampled_from([0, -1, 2**63 - 1, -(2**63)]), st.integers(0, 2_000_000_000))
    return st.one_of(
        st.sampled_from([0, 1, -1, 5, 17, 100, 999, 1000, 2**31 - 1, -(2**31)]), st.integers(0, 2100)
    )


@st.composite
def message_of(draw: st.DrawFn, descriptor: Any, depth: int = 4) -> Message:
    """Draw a message of any shape from its descriptor, so that a new field is tried the day it appears."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if depth <= 0 or not draw(st.booleans()):
            continue
        if field.is_repeated:
            getattr(message, field.name).extend(draw(st.lists(value_of(field, depth), max_size=3)))
        elif field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            getattr(message, field.name).CopyFrom(draw(value_of(field, depth)))
        else:
            setattr(message, field.name, draw(value_of(field, depth)))
    return message


@st.composite
def hostile_request(draw: st.DrawFn) -> tuple[str, bytes]:
    name = draw(st.sampled_from(sorted(METHODS)))
    message = draw(message_of(METHODS[name].input_type))
    if name in GOOD and draw(st.booleans()):  # closer to a good one, to get past the first check
        message.MergeFrom(request_of(name, {}))
    body = message.SerializeToString()
    if draw(st.integers(0, 3)) == 0 and body:
        position = draw(st.integers(0, len(body) - 1))
        body = body[:position] + draw(st.binary(min_size=1, max_size=4)) + body[position + 1 :]
    return name, body


HONEST = {
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "RESOURCE_EXHAUSTED",
}


@given(requests=st.lists(hostile_request(), min_size=20, max_size=20))
@settings(
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)
def test_nothing_that_arrives_is_a_fault_of_ours(
    directory: Directory, requests: list[tuple[str, bytes]]
) -> None:
    """Hostile requests of every method are answered or refused honestly, and no value of a person comes back."""
    channels = (
        [directory.channel(name) for name in (PENSIONS, ADMINISTRATOR)]
        if not directory.clients
        else directory.clients
    )
    for name, body in requests:
        for channel in channels:
            error = send(channel, METHODS[name], body)
            if error is None:
                continue
            assert error.code().name in HONEST, (name, body, error)
            told = f"{error.details()} {error.trailing_metadata()}"
            assert not any(canary in told for canary in CANARIES), (name, body)


def test_no_value_of_a_person_is_logged(directory: Directory) -> None:
    """After good and bad calls the log has events, and none of what was in the requests."""
    client = directory.client(PENSIONS)
    client.register_dossier(ANNA, capacity=100, period=Period(EARLIEST.replace(year=2020)))
    list(directory.client(WELFARE).list_dossiers(ANNA))
    channel = directory.channel(PENSIONS)
    for method, changes, *_ in WRONG:
        send(channel, METHODS[method], request_of(method, changes).SerializeToString())
    claim = dossier_pb2.PersonClaim(family_name="Vandermeersch-Kanarie", birth_date=date(1985, 7, 30))
    send(
        channel,
        METHODS["RegisterDossier"],
        request_of("RegisterDossier", {"claim": claim}).SerializeToString(),
    )

    log = directory.log.getvalue()
    assert log
    assert [] == [canary for canary in CANARIES if canary in log]
