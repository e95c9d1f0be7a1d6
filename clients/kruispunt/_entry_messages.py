"""Entries of the code tables: values ↔ messages."""

import datetime as dt

from kruispunt import entries
from kruispunt._messages import (
    data_set_message,
    institution_message,
    institution_of,
    optional_date,
    optional_instant,
    period_message,
    period_of,
)
from kruispunt.common.v1 import values_pb2 as common
from kruispunt.directory.v1 import dossier_pb2
from kruispunt.directory.v1 import knowledge_service_pb2 as knowledge
from kruispunt.values import DataSetRef, NetworkLevel


def sector_of(message: knowledge.Sector) -> entries.Sector:
    """Read a sector."""
    return entries.Sector(
        message.code, _labels_of(message.labels), period_of(message.validity), message=message
    )


def institution_entry_of(message: knowledge.Institution) -> entries.Institution:
    """Read an institution."""
    return entries.Institution(
        institution_of(message.institution),
        _labels_of(message.labels),
        message.enterprise_number,
        NetworkLevel(message.network_level),
        period_of(message.validity),
        message=message,
    )


def capacity_of(message: knowledge.Capacity) -> entries.Capacity:
    """Read a capacity."""
    return entries.Capacity(
        message.sector if message.HasField("sector") else None,
        message.code,
        _labels_of(message.labels),
        tuple(entries.Phase(each.number, _labels_of(each.labels)) for each in message.phases),
        period_of(message.validity),
        message=message,
    )


def data_set_of(message: knowledge.DataSet) -> entries.DataSet:
    """Read a data set."""
    return entries.DataSet(
        _data_set(message.data_set), _labels_of(message.labels), period_of(message.validity), message=message
    )


def availability_of(message: knowledge.Availability) -> entries.Availability:
    """Read an availability."""
    return entries.Availability(
        message.availability_id,
        _data_set(message.data_set),
        message.sector,
        message.institution if message.HasField("institution") else None,
        message.capacity,
        message.from_phase,
        period_of(message.validity),
        message=message,
    )


def authorisation_of(message: knowledge.Authorisation) -> entries.Authorisation:
    """Read an authorisation."""
    return entries.Authorisation(
        message.authorisation_id,
        _data_set(message.data_set),
        message.consumer_sector,
        message.consumer_institution if message.HasField("consumer_institution") else None,
        message.consumer_capacity,
        message.from_phase,
        message.supplier_sector if message.HasField("supplier_sector") else None,
        message.supplier_institution if message.HasField("supplier_institution") else None,
        message.deliberation_id,
        period_of(message.validity),
        message=message,
    )


def deliberation_of(message: knowledge.Deliberation) -> entries.Deliberation:
    """Read a deliberation."""
    return entries.Deliberation(
        message.deliberation_id,
        _labels_of(message.labels),
        message.url,
        period_of(message.validity),
        message=message,
    )


def entry_message(entry: entries.Entry) -> knowledge.Entry:  # noqa: PLR0911 - one for each kind
    """Build an entry of any kind."""
    match entry:
        case entries.Sector():
            return knowledge.Entry(sector=_sector(entry))
        case entries.Institution():
            return knowledge.Entry(institution=_institution(entry))
        case entries.Capacity():
            return knowledge.Entry(capacity=_capacity(entry))
        case entries.DataSet():
            return knowledge.Entry(data_set=_data_set_entry(entry))
        case entries.Availability():
            return knowledge.Entry(availability=_availability(entry))
        case entries.Authorisation():
            return knowledge.Entry(authorisation=_authorisation(entry))
        case entries.Deliberation():
            return knowledge.Entry(deliberation=_deliberation(entry))


def _sector(entry: entries.Sector) -> knowledge.Sector:
    return knowledge.Sector(
        code=entry.code, labels=_labels(entry.labels), validity=period_message(entry.validity)
    )


def _institution(entry: entries.Institution) -> knowledge.Institution:
    return knowledge.Institution(
        institution=institution_message(entry.institution),
        labels=_labels(entry.labels),
        enterprise_number=entry.enterprise_number,
        network_level=entry.network_level.value,  # type: ignore[arg-type]  # same numbers, held by a test
        validity=period_message(entry.validity),
    )


def _capacity(entry: entries.Capacity) -> knowledge.Capacity:
    return knowledge.Capacity(
        sector=entry.sector,
        code=entry.code,
        labels=_labels(entry.labels),
        phases=[knowledge.Capacity.Phase(number=p.number, labels=_labels(p.labels)) for p in entry.phases],
        validity=period_message(entry.validity),
    )


def _data_set_entry(entry: entries.DataSet) -> knowledge.DataSet:
    return knowledge.DataSet(
        data_set=data_set_message(entry.data_set),
        labels=_labels(entry.labels),
        validity=period_message(entry.validity),
    )


def _availability(entry: entries.Availability) -> knowledge.Availability:
    return knowledge.Availability(
        availability_id=entry.availability_id,
        data_set=data_set_message(entry.data_set),
        sector=entry.sector,
        institution=entry.institution,
        capacity=entry.capacity,
        from_phase=entry.from_phase,
        validity=period_message(entry.validity),
    )


def _authorisation(entry: entries.Authorisation) -> knowledge.Authorisation:
    return knowledge.Authorisation(
        authorisation_id=entry.authorisation_id,
        data_set=data_set_message(entry.data_set),
        consumer_sector=entry.consumer_sector,
        consumer_institution=entry.consumer_institution,
        consumer_capacity=entry.consumer_capacity,
        from_phase=entry.from_phase,
        supplier_sector=entry.supplier_sector,
        supplier_institution=entry.supplier_institution,
        deliberation_id=entry.deliberation_id,
        validity=period_message(entry.validity),
    )


def _deliberation(entry: entries.Deliberation) -> knowledge.Deliberation:
    return knowledge.Deliberation(
        deliberation_id=entry.deliberation_id,
        labels=_labels(entry.labels),
        url=entry.url,
        validity=period_message(entry.validity),
    )


def _labels(labels: entries.Labels) -> common.Labels:
    return common.Labels(
        nl=labels.nl, fr=labels.fr, de=labels.de, en=labels.en, own_translations=labels.own_translations
    )


def _labels_of(message: common.Labels) -> entries.Labels:
    return entries.Labels(message.nl, message.fr, message.de, message.en, tuple(message.own_translations))


def _data_set(message: dossier_pb2.DataSetRef) -> DataSetRef:
    return DataSetRef(message.code, message.variant)


def query_message(
    valid_at: dt.date | None,
    known_at: dt.datetime | None,
    every_period: bool,  # noqa: FBT001 - passed on
    sector: int | None,
    page_size: int,
) -> knowledge.EntryQuery:
    """Build which entries are asked for."""
    return knowledge.EntryQuery(
        valid_at=optional_date(valid_at),
        known_at=optional_instant(known_at),
        every_period=every_period,
        sector=sector,
        page_size=page_size,
    )
