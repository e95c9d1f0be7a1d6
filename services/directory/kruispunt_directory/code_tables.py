"""Reads code tables from a TOML file: those that come along, or an operator's own.

What a file looks like: data/code_tables.toml.
"""

import datetime as dt
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from kruispunt.period import EARLIEST, LATEST, Period
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    Kind,
    Labels,
    NetworkLevel,
    Phase,
    Sector,
)
from kruispunt_directory.domain.knowledge_checks import check_entry
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import RegistryError

_T = TypeVar("_T")

_NETWORK_LEVELS = {"primary": NetworkLevel.PRIMARY, "secondary": NetworkLevel.SECONDARY}


class CodeTablesError(ValueError):
    """A file holds no code tables; the message says where and why."""


def load_code_tables(path: Path | None = None) -> list[Entry]:
    """Read a file of code tables; what the entries refer to is checked when they are written.

    Args:
        path: of the file; none for the tables that come along.

    Returns:
        The entries, kinds in the order in which they refer to each other, each kind as in the file.

    Raises:
        CodeTablesError: no TOML (with line and column), an unknown or absent field, a value of the wrong type
            or out of its range, such as `code_tables.toml: institution[3].sector: ...`; counted from 0.
        OSError: the file cannot be read.
    """
    name = "code_tables.toml" if path is None else path.name
    source = files("kruispunt_directory") / "data" / "code_tables.toml" if path is None else path
    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
        return _entries(document)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CodeTablesError(f"{name}: {error}") from None
    except RegistryError as error:
        raise CodeTablesError(f"{name}: {error.field}: {error.message}") from None
    except _RowError as error:
        raise CodeTablesError(f"{name}: {error}") from None


class _RowError(ValueError):
    """Says which field of which row is wrong."""


class _Row:
    """One row of a table in the file; every field is taken once, and none may be left over."""

    def __init__(self, fields: Any, path: str) -> None:
        if not isinstance(fields, dict):
            raise _RowError(f"{path}: is no table of fields")
        self._fields: dict[str, Any] = dict(fields)
        self.path = path

    def take(self, name: str, kind: type[_T]) -> _T:
        """Return a mandatory field."""
        if name not in self._fields:
            raise _RowError(f"{self._at(name)}: is absent")
        value = self._fields.pop(name)
        if type(value) is not kind:  # a boolean is no number, an instant no day
            raise _RowError(f"{self._at(name)}: is no {kind.__name__}")
        return value

    def find(self, name: str, kind: type[_T]) -> _T | None:
        """Return an optional field."""
        return self.take(name, kind) if name in self._fields else None

    def rows(self, name: str) -> list["_Row"]:
        """Return an optional table within, row by row."""
        found = self.find(name, list) or []
        return [_Row(fields, f"{self._at(name)}[{index}]") for index, fields in enumerate(found)]

    def labels(self) -> Labels:
        """Return the name; a language that is absent is not known."""
        own = self.find("own", list) or []
        nl, fr, de, en = (self.find(language, str) or "" for language in ("nl", "fr", "de", "en"))
        return Labels(nl, fr, de, en, tuple(own))

    def validity(self, default: dt.date | None) -> Period:
        """Return when the entry holds: from `begin`, or else the file's."""
        begin = self.find("begin", dt.date) or default
        if begin is None:
            raise _RowError(f"{self.path}.begin: is absent")
        end = self.find("end", dt.date)
        if begin < EARLIEST or max(begin, end or begin) > LATEST or (end is not None and begin >= end):
            raise _RowError(f"{self.path}.begin: does not lie before end, from 1800 to 2999")
        return Period(begin, end)

    def data_set(self) -> DataSetKey:
        """Return the data set that a rule is about."""
        return DataSetKey(self.take("data_set", str), self.find("variant", int) or 0)

    def done(self) -> None:
        """Refuse what nobody took: most likely a misspelt field."""
        for name in self._fields:
            raise _RowError(f"{self._at(name)}: is no field of this table")

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


_PhaseSets = Mapping[str, tuple[Phase, ...]]


def _entries(document: dict[str, Any]) -> list[Entry]:
    root = _Row(document, "")
    begin = root.find("begin", dt.date)
    phase_sets = _phase_sets(root.find("phase_set", dict) or {})

    def capacity(row: _Row) -> Capacity:
        return _capacity(row, begin, phase_sets)

    def dated(read: Callable[[_Row, Period], Entry]) -> Callable[[_Row], Entry]:
        return lambda row: read(row, row.validity(begin))

    readers: dict[Kind, Callable[[_Row], Entry]] = {
        Kind.SECTOR: dated(_sector),
        Kind.INSTITUTION: dated(_institution),
        Kind.CAPACITY: capacity,
        Kind.DATA_SET: dated(_data_set),
        Kind.DELIBERATION: dated(_deliberation),
        Kind.AVAILABILITY: dated(_availability),
        Kind.AUTHORISATION: dated(_authorisation),
    }
    entries = []
    for kind, read in readers.items():
        for row in root.rows(kind.value):
            entry = read(row)
            row.done()
            check_entry(entry, row.path)
            entries.append(entry)
    root.done()
    return entries


def _phase_sets(tables: dict[str, Any]) -> _PhaseSets:
    sets = {}
    for name, rows in tables.items():
        phases = []
        for row in _Row({name: rows}, "phase_set").rows(name):
            phases.append(Phase(row.take("number", int), row.labels()))
            row.done()
        sets[name] = tuple(phases)
    return sets


def _sector(row: _Row, validity: Period) -> Sector:
    return Sector(row.take("code", int), row.labels(), validity)


def _institution(row: _Row, validity: Period) -> Institution:
    level = _NETWORK_LEVELS.get(row.take("network", str))
    if level is None:
        raise _RowError(f"{row.path}.network: is neither primary nor secondary")
    return Institution(
        key=InstitutionKey(row.take("sector", int), row.take("institution", int)),
        labels=row.labels(),
        enterprise_number=row.find("enterprise_number", str) or "",
        network_level=level,
        validity=validity,
    )


def _capacity(row: _Row, begin: dt.date | None, phase_sets: _PhaseSets) -> Capacity:
    phases = row.find("phases", str)
    if phases is not None and phases not in phase_sets:
        raise _RowError(f"{row.path}.phases: names no row of phase_set")
    return Capacity(
        sector=row.find("sector", int),
        code=row.take("code", int),
        labels=row.labels(),
        phases=() if phases is None else phase_sets[phases],
        validity=row.validity(begin),
    )


def _data_set(row: _Row, validity: Period) -> DataSet:
    key = DataSetKey(row.take("code", str), row.find("variant", int) or 0)
    return DataSet(key, row.labels(), validity)


def _deliberation(row: _Row, validity: Period) -> Deliberation:
    return Deliberation(row.take("id", str), row.labels(), row.find("url", str) or "", validity)


def _availability(row: _Row, validity: Period) -> Availability:
    return Availability(
        availability_id=row.take("id", str),
        data_set=row.data_set(),
        sector=row.take("sector", int),
        institution=row.find("institution", int),
        capacity=row.take("capacity", int),
        from_phase=row.find("from_phase", int) or 0,
        validity=validity,
    )


def _authorisation(row: _Row, validity: Period) -> Authorisation:
    return Authorisation(
        authorisation_id=row.take("id", str),
        data_set=row.data_set(),
        consumer_sector=row.take("consumer_sector", int),
        consumer_institution=row.find("consumer_institution", int),
        consumer_capacity=row.take("consumer_capacity", int),
        from_phase=row.find("from_phase", int) or 0,
        supplier_sector=row.find("supplier_sector", int),
        supplier_institution=row.find("supplier_institution", int),
        deliberation_id=row.take("deliberation", str),
        validity=validity,
    )
