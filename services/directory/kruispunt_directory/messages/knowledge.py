"""Entries of the code tables and queries for them: protobuf to domain and back.

Reading takes care of what is absent and of dates; ranges and formats are checked by the domain
(`knowledge_checks`), with the same field paths.
"""

import datetime as dt
from dataclasses import dataclass
from typing import assert_never, cast

from google.protobuf.message import Message

from kruispunt.common.v1.values_pb2 import NetworkLevel as NetworkLevelMessage
from kruispunt.directory.v1 import dossier_pb2, knowledge_service_pb2
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    NetworkLevel,
    Phase,
    Sector,
)
from kruispunt_directory.messages.common import labels_message, parse_labels
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import (
    institution_message,
    parse_code,
    parse_instant,
    parse_institution,
    parse_optional_day,
    parse_page_size,
    parse_period,
    period_message,
)

pb = knowledge_service_pb2

EntryMessage = (
    pb.Sector
    | pb.Institution
    | pb.Capacity
    | pb.DataSet
    | pb.Availability
    | pb.Authorisation
    | pb.Deliberation
)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which entries a list shows.

    Attributes:
        valid_at: in force on that day; none: today, or every period.
        known_at: as known at that instant; none: now.
        every_period: also what ended or has not begun.
        sector: only those that concern it; none: all.
        page_size: 1 to 1000.
        page_token: as it came.
    """

    valid_at: dt.date | None
    known_at: dt.datetime | None
    every_period: bool
    sector: int | None
    page_size: int
    page_token: str

    @property
    def criteria(self) -> bytes:
        """What a page token of this query belongs to: everything but page size and token."""
        return repr((self.valid_at, self.known_at, self.every_period, self.sector)).encode()


def parse_query(query: pb.EntryQuery, now: dt.datetime) -> ListQuery:
    """Read a query.

    Raises:
        RegistryError: a day that is none, DATE_INVALID; an instant after `now`, TIME_IN_FUTURE; `valid_at` together
            with `every_period`, a sector outside 0 to 999 or a negative page size, FIELD_INVALID. All of them
            INVALID_ARGUMENT.
    """
    valid_at = parse_optional_day(query, "valid_at", "query")
    if query.every_period and valid_at is not None:
        raise RegistryError(
            Reason.FIELD_INVALID, "every period and one day exclude each other", field="query.every_period"
        )
    known_at = None
    if query.HasField("known_at"):
        known_at = parse_instant(query.known_at, "query.known_at", not_after=now)
    sector = None
    if query.HasField("sector"):
        sector = parse_code(query.sector, "query.sector", 0, 999)
    page_size = parse_page_size(query.page_size, "query.page_size")
    return ListQuery(valid_at, known_at, query.every_period, sector, page_size, query.page_token)


def parse_entry(entry: pb.Entry, path: str) -> Entry:
    """Read the entry that lies at `path`, such as `entries[3]`.

    Raises:
        RegistryError: nothing in it or a mandatory part absent, FIELD_REQUIRED; a network level that does not
            exist, FIELD_INVALID; a validity that is none, DATE_INVALID or PERIOD_INVERTED. All INVALID_ARGUMENT.
    """
    which = entry.WhichOneof("entry")
    if which is None:
        raise RegistryError(Reason.FIELD_REQUIRED, "an entry of some kind is required", field=path)
    message = cast("EntryMessage", getattr(entry, which))
    path = f"{path}.{which}"
    match message:
        case pb.Sector():
            validity = parse_period(message.validity, f"{path}.validity")
            return Sector(message.code, parse_labels(message.labels), validity)
        case pb.Institution():
            return _institution(message, path)
        case pb.Capacity():
            return _capacity(message, path)
        case pb.DataSet():
            key = _data_set_key(message, message.data_set, path)
            validity = parse_period(message.validity, f"{path}.validity")
            return DataSet(key, parse_labels(message.labels), validity)
        case pb.Deliberation():
            validity = parse_period(message.validity, f"{path}.validity")
            return Deliberation(message.deliberation_id, parse_labels(message.labels), message.url, validity)
        case pb.Availability() | pb.Authorisation():
            return _rule(message, path)
        case _:
            assert_never(message)


def _institution(message: pb.Institution, path: str) -> Institution:
    if not message.HasField("institution"):
        raise _required(f"{path}.institution")
    key = parse_institution(message.institution, f"{path}.institution")
    if message.network_level == NetworkLevelMessage.NETWORK_LEVEL_UNSPECIFIED:
        raise _required(f"{path}.network_level")
    try:
        level = NetworkLevel(message.network_level)
    except ValueError:
        raise RegistryError(
            Reason.FIELD_INVALID, "there is no such network level", field=f"{path}.network_level"
        ) from None
    return Institution(
        key=key,
        labels=parse_labels(message.labels),
        enterprise_number=message.enterprise_number,
        network_level=level,
        validity=parse_period(message.validity, f"{path}.validity"),
    )


def _capacity(message: pb.Capacity, path: str) -> Capacity:
    return Capacity(
        sector=message.sector if message.HasField("sector") else None,
        code=message.code,
        labels=parse_labels(message.labels),
        phases=tuple(Phase(phase.number, parse_labels(phase.labels)) for phase in message.phases),
        validity=parse_period(message.validity, f"{path}.validity"),
    )


def _rule(message: pb.Availability | pb.Authorisation, path: str) -> Availability | Authorisation:
    data_set = _data_set_key(message, message.data_set, path)
    validity = parse_period(message.validity, f"{path}.validity")
    if isinstance(message, pb.Availability):
        return Availability(
            availability_id=message.availability_id,
            data_set=data_set,
            sector=message.sector,
            institution=message.institution if message.HasField("institution") else None,
            capacity=message.capacity,
            from_phase=message.from_phase,
            validity=validity,
        )
    return Authorisation(
        authorisation_id=message.authorisation_id,
        data_set=data_set,
        consumer_sector=message.consumer_sector,
        consumer_institution=(
            message.consumer_institution if message.HasField("consumer_institution") else None
        ),
        consumer_capacity=message.consumer_capacity,
        from_phase=message.from_phase,
        supplier_sector=message.supplier_sector if message.HasField("supplier_sector") else None,
        supplier_institution=(
            message.supplier_institution if message.HasField("supplier_institution") else None
        ),
        deliberation_id=message.deliberation_id,
        validity=validity,
    )


def _data_set_key(holder: Message, ref: dossier_pb2.DataSetRef, path: str) -> DataSetKey:
    if not holder.HasField("data_set"):
        raise _required(f"{path}.data_set")
    return DataSetKey(ref.code, ref.variant)


def _required(field: str) -> RegistryError:
    return RegistryError(Reason.FIELD_REQUIRED, "a mandatory field is absent", field=field)


def sector_message(entry: Sector) -> pb.Sector:
    """Build a sector."""
    return pb.Sector(
        code=entry.code, labels=labels_message(entry.labels), validity=period_message(entry.validity)
    )


def institution_entry_message(entry: Institution) -> pb.Institution:
    """Build an institution with its name and connection."""
    return pb.Institution(
        institution=institution_message(entry.key),
        labels=labels_message(entry.labels),
        enterprise_number=entry.enterprise_number,
        network_level=NetworkLevelMessage.ValueType(entry.network_level),
        validity=period_message(entry.validity),
    )


def capacity_message(entry: Capacity) -> pb.Capacity:
    """Build a capacity."""
    return pb.Capacity(
        sector=entry.sector,
        code=entry.code,
        labels=labels_message(entry.labels),
        phases=[
            pb.Capacity.Phase(number=phase.number, labels=labels_message(phase.labels))
            for phase in entry.phases
        ],
        validity=period_message(entry.validity),
    )


def data_set_ref_message(key: DataSetKey) -> dossier_pb2.DataSetRef:
    """Build which data set is meant."""
    return dossier_pb2.DataSetRef(code=key.code, variant=key.variant)


def data_set_message(entry: DataSet) -> pb.DataSet:
    """Build a data set."""
    return pb.DataSet(
        data_set=data_set_ref_message(entry.key),
        labels=labels_message(entry.labels),
        validity=period_message(entry.validity),
    )


def availability_message(entry: Availability) -> pb.Availability:
    """Build an availability."""
    return pb.Availability(
        availability_id=entry.availability_id,
        data_set=data_set_ref_message(entry.data_set),
        sector=entry.sector,
        institution=entry.institution,
        capacity=entry.capacity,
        from_phase=entry.from_phase,
        validity=period_message(entry.validity),
    )


def authorisation_message(entry: Authorisation) -> pb.Authorisation:
    """Build an authorisation."""
    return pb.Authorisation(
        authorisation_id=entry.authorisation_id,
        data_set=data_set_ref_message(entry.data_set),
        consumer_sector=entry.consumer_sector,
        consumer_institution=entry.consumer_institution,
        consumer_capacity=entry.consumer_capacity,
        from_phase=entry.from_phase,
        supplier_sector=entry.supplier_sector,
        supplier_institution=entry.supplier_institution,
        deliberation_id=entry.deliberation_id,
        validity=period_message(entry.validity),
    )


def deliberation_message(entry: Deliberation) -> pb.Deliberation:
    """Build a deliberation."""
    return pb.Deliberation(
        deliberation_id=entry.deliberation_id,
        labels=labels_message(entry.labels),
        url=entry.url,
        validity=period_message(entry.validity),
    )
