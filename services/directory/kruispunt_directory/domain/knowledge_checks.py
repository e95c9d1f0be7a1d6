"""Which entries of the code tables are well formed, and which fit together.

Pure functions; the first fault raises `RegistryError` with the path of its field, such as
`entries[3].availability.data_set`.

Source: protos/kruispunt/directory/v1/knowledge_service.proto; the check of the enterprise number is that of
the Crossroads Bank for Enterprises (royal decree of 24 June 2003).
"""

import re
from collections.abc import Sequence

from kruispunt_directory.domain.knowledge import (
    LANGUAGES,
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    Knowledge,
    Labels,
    Sector,
    key_of,
    kind_of,
)
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError

_ENTRIES_MOST = 1000
_LABEL_MOST = 200
_URL_MOST = 300
_IDENTIFIER = re.compile(r"[A-Za-z0-9/.\-]{1,64}")
_DATA_SET_CODE = re.compile(r"[A-Z0-9\-]{1,40}")
_ENTERPRISE_NUMBER = re.compile(r"[0-9]{10}")
_URL = re.compile(r"https://[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*(?::[0-9]{1,5})?(?:[/?#][!-~]*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def check_entries(entries: Sequence[Entry]) -> None:
    """Check each entry by itself, and that no key comes twice.

    Raises:
        RegistryError: a value out of its range or a key that comes twice; INVALID_ARGUMENT / FIELD_INVALID.
    """
    seen = set()
    for index, entry in enumerate(entries):
        check_entry(entry, entry_path(index, entry))
        key = (kind_of(entry), key_of(entry))
        if key in seen:
            raise RegistryError(
                Reason.FIELD_INVALID, "an entry comes twice in one request", field=entry_path(index, entry)
            )
        seen.add(key)


def check_count(count: int) -> None:
    """Check that a request holds 1 to 1000 entries.

    Raises:
        RegistryError: none, INVALID_ARGUMENT / FIELD_REQUIRED; too many, RESOURCE_EXHAUSTED / TOO_MANY_ELEMENTS.
    """
    if count == 0:
        raise RegistryError(Reason.FIELD_REQUIRED, "an entry is required", field="entries")
    if count > _ENTRIES_MOST:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "there are more entries than one request takes",
            field="entries",
            metadata={"limit": str(_ENTRIES_MOST)},
        )


def entry_path(index: int, entry: Entry) -> str:
    """Return the path of the entry in a request, such as `entries[3].sector`."""
    return f"entries[{index}].{kind_of(entry).value}"


def check_entry(entry: Entry, path: str) -> None:
    """Check the ranges of one entry that lies at `path`.

    Raises:
        RegistryError: a value out of its format or range; INVALID_ARGUMENT / FIELD_INVALID.
    """
    match entry:
        case Sector():
            _check_code(entry.code, f"{path}.code")
        case Institution():
            _check_code(entry.key.sector, f"{path}.institution.sector")
            _check_code(entry.key.institution, f"{path}.institution.institution")
            _check_enterprise_number(entry.enterprise_number, f"{path}.enterprise_number")
        case Capacity():
            _check_capacity(entry, path)
        case DataSet():
            _check_data_set_key(entry.key, f"{path}.data_set")
        case Deliberation():
            _check_identifier(entry.deliberation_id, f"{path}.deliberation_id")
            _check_url(entry.url, f"{path}.url")
        case Availability():
            _check_availability(entry, path)
        case Authorisation():
            _check_authorisation(entry, path)
    if not isinstance(entry, Availability | Authorisation):
        _check_labels(entry.labels, f"{path}.labels")


def check_references(entry: Entry, path: str, knowledge: Knowledge) -> None:
    """Check that what the entry refers to exists on the first day of its validity.

    Only that day: an entry may outlive what it refers to, it then has no effect any more. So whatever must end
    at once can be ended, in any order.

    Args:
        entry: well formed.
        path: where it lies in the request.
        knowledge: everything as it would stand after the write.

    Raises:
        RegistryError: something does not exist then; FAILED_PRECONDITION / REFERENCE_UNKNOWN.
    """
    match entry:
        case Institution():
            _References(entry, path, knowledge).sector(entry.key.sector, "institution.sector")
        case Capacity(sector=int(sector)):
            _References(entry, path, knowledge).sector(sector, "sector")
        case Availability():
            _check_availability_references(entry, _References(entry, path, knowledge))
        case Authorisation():
            _check_authorisation_references(entry, _References(entry, path, knowledge))
        case _:
            pass


class _References:
    """Looks references of one entry up, and refuses those that lead nowhere."""

    def __init__(self, entry: Entry, path: str, knowledge: Knowledge) -> None:
        self._day = entry.validity.begin
        self._path = path
        self._knowledge = knowledge

    def sector(self, code: int, field: str) -> None:
        self._exists(self._knowledge.find_sector(code, self._day), field)

    def institution(self, sector: int, institution: int | None, field: str) -> None:
        if institution is not None:
            key = InstitutionKey(sector, institution)
            self._exists(self._knowledge.find_institution(key, self._day), field)

    def capacity(self, sector: int, code: int, field: str) -> None:
        self._exists(self._knowledge.find_capacity(sector, code, self._day), field)

    def data_set(self, key: DataSetKey, field: str) -> None:
        self._exists(self._knowledge.find_data_set(key, self._day), field)

    def deliberation(self, deliberation_id: str, field: str) -> None:
        self._exists(self._knowledge.find_deliberation(deliberation_id, self._day), field)

    def _exists(self, found: Entry | None, field: str) -> None:
        if found is None:
            raise RegistryError(
                Reason.REFERENCE_UNKNOWN,
                "the entry refers to one that does not exist on the first day of its validity",
                field=f"{self._path}.{field}",
            )


def _check_availability_references(entry: Availability, references: _References) -> None:
    references.data_set(entry.data_set, "data_set")
    references.sector(entry.sector, "sector")
    references.institution(entry.sector, entry.institution, "institution")
    references.capacity(entry.sector, entry.capacity, "capacity")


def _check_authorisation_references(entry: Authorisation, references: _References) -> None:
    references.data_set(entry.data_set, "data_set")
    references.sector(entry.consumer_sector, "consumer_sector")
    references.institution(entry.consumer_sector, entry.consumer_institution, "consumer_institution")
    references.capacity(entry.consumer_sector, entry.consumer_capacity, "consumer_capacity")
    if entry.supplier_sector is not None:
        references.sector(entry.supplier_sector, "supplier_sector")
        references.institution(entry.supplier_sector, entry.supplier_institution, "supplier_institution")
    references.deliberation(entry.deliberation_id, "deliberation_id")


def _check_capacity(entry: Capacity, path: str) -> None:
    _check_code(entry.sector, f"{path}.sector")
    _check_code(entry.code, f"{path}.code")
    below = -1
    for index, phase in enumerate(entry.phases):
        field = f"{path}.phases[{index}]"
        _check_phase(phase.number, f"{field}.number")
        if phase.number <= below:
            raise _invalid(f"{field}.number", "phases ascend, and none comes twice")
        below = phase.number
        _check_labels(phase.labels, f"{field}.labels")


def _check_availability(entry: Availability, path: str) -> None:
    _check_identifier(entry.availability_id, f"{path}.availability_id")
    _check_data_set_key(entry.data_set, f"{path}.data_set")
    _check_code(entry.sector, f"{path}.sector")
    _check_code(entry.institution, f"{path}.institution")
    _check_code(entry.capacity, f"{path}.capacity")
    _check_phase(entry.from_phase, f"{path}.from_phase")


def _check_authorisation(entry: Authorisation, path: str) -> None:
    _check_identifier(entry.authorisation_id, f"{path}.authorisation_id")
    _check_data_set_key(entry.data_set, f"{path}.data_set")
    _check_code(entry.consumer_sector, f"{path}.consumer_sector")
    _check_code(entry.consumer_institution, f"{path}.consumer_institution")
    _check_code(entry.consumer_capacity, f"{path}.consumer_capacity")
    _check_phase(entry.from_phase, f"{path}.from_phase")
    _check_code(entry.supplier_sector, f"{path}.supplier_sector")
    _check_code(entry.supplier_institution, f"{path}.supplier_institution")
    if entry.supplier_institution is not None and entry.supplier_sector is None:
        raise RegistryError(
            Reason.FIELD_REQUIRED,
            "an institution is named by its sector too",
            field=f"{path}.supplier_sector",
        )
    _check_identifier(entry.deliberation_id, f"{path}.deliberation_id")


def _check_code(code: int | None, field: str) -> None:
    if code is not None and not 0 <= code <= 999:
        raise _invalid(field, "a code lies from 0 to 999")


def _check_phase(number: int, field: str) -> None:
    if not 0 <= number <= 99:
        raise _invalid(field, "a phase lies from 0 to 99")


def _check_identifier(text: str, field: str) -> None:
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "an identifier is required", field=field)
    if _IDENTIFIER.fullmatch(text) is None:
        raise _invalid(field, 'an identifier is 1 to 64 of letters, digits, "/", "-" and "."')


def _check_data_set_key(key: DataSetKey, field: str) -> None:
    if not key.code:
        raise RegistryError(Reason.FIELD_REQUIRED, "a data set has a code", field=f"{field}.code")
    if _DATA_SET_CODE.fullmatch(key.code) is None:
        raise _invalid(f"{field}.code", 'a data set code is 1 to 40 of A-Z, 0-9 and "-"')
    _check_code(key.variant, f"{field}.variant")


def _check_enterprise_number(number: str, field: str) -> None:
    if not number:
        return
    if _ENTERPRISE_NUMBER.fullmatch(number) is None or 97 - int(number[:8]) % 97 != int(number[8:]):
        raise _invalid(field, "an enterprise number is 10 digits, the last two of which check the others")


def _check_url(url: str, field: str) -> None:
    if url and (len(url) > _URL_MOST or _URL.fullmatch(url) is None):
        raise _invalid(field, "an address is https and at most 300 characters long")


def _check_labels(labels: Labels, field: str) -> None:
    for language in LANGUAGES:
        text: str = getattr(labels, language)
        if len(text) > _LABEL_MOST or _CONTROL.search(text) is not None:
            raise _invalid(f"{field}.{language}", "a label is at most 200 characters, no control characters")
    for index, language in enumerate(labels.own_translations):
        if language not in LANGUAGES or language in labels.own_translations[:index]:
            raise _invalid(f"{field}.own_translations[{index}]", "one of nl, fr, de and en, none twice")


def _invalid(field: str, message: str) -> RegistryError:
    return RegistryError(Reason.FIELD_INVALID, message, field=field)
