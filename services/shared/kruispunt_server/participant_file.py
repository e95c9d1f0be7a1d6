"""The file in which an administrator declares the participants, as TOML.

[[participant]]
id = "pension-office"
roles = ["supplier", "consumer"]
sector = 5                # with institution: for whom it acts; neither: the registry's own service
institution = 1
uris = ["spiffe://registry.example/participant/pension-office"]
active_from = 2026-01-01  # optional, with active_until: half open
"""

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kruispunt_server.call import InstitutionKey, Participant, Role
from kruispunt_server.participants import Registration

_ID = re.compile(r"[a-z0-9-]{1,64}").fullmatch
_URI = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]+").fullmatch
_KEYS = frozenset({"id", "roles", "sector", "institution", "uris", "active_from", "active_until"})
_ROLES = frozenset(role.value for role in Role)


class ParticipantFileError(Exception):
    """The file cannot be used; nothing of it was applied.

    Attributes:
        faults: all of them, one sentence each.
    """

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_participants(path: Path) -> list[Registration]:
    """Return what the file declares, by id.

    Raises:
        ParticipantFileError: not readable, not TOML, or anything in it is wrong: all faults at once.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ParticipantFileError([f"{path}: {error}"]) from error
    return parse_participants(document)


def parse_participants(document: Mapping[str, Any]) -> list[Registration]:
    """Return what a parsed file declares, by id; errors as of `read_participants`."""
    faults = [
        f'"{key}" is no key of the file; entries are [[participant]]'
        for key in document.keys() - {"participant"}
    ]
    entries = document.get("participant", [])
    if not isinstance(entries, list):
        raise ParticipantFileError([*faults, "entries are [[participant]]"])
    found: dict[str, Registration] = {}
    owners: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        where = f"participant {number}"
        read = _Entry(where, entry if isinstance(entry, dict) else {}, faults)
        registration = read.registration()
        name = registration.participant.participant_id
        if name in found:
            faults.append(f'{where}: id "{name}" is given twice')
        found[name] = registration
        faults += [
            f'{where}: uri "{uri}" belongs to {owners[uri]} already'
            for uri in registration.uris
            if owners.setdefault(uri, where) != where
        ]
    if faults:
        raise ParticipantFileError(faults)
    return [found[name] for name in sorted(found)]


class _Entry:
    """Reads one entry; what is wrong is added to `faults`, and a harmless value takes its place."""

    def __init__(self, where: str, entry: Mapping[str, Any], faults: list[str]) -> None:
        self._where = where
        self._entry = entry
        self._faults = faults

    def registration(self) -> Registration:
        """Return what the entry declares."""
        for key in sorted(self._entry.keys() - _KEYS):
            self._fault(f'"{key}" is no key of a participant')
        participant = Participant(self._id(), self._roles(), self._institution())
        begin, end = self._day("active_from"), self._day("active_until")
        if begin is not None and end is not None and begin >= end:
            self._fault("active_from lies before active_until")
        return Registration(participant, self._uris(), begin, end)

    def _fault(self, sentence: str) -> None:
        self._faults.append(f"{self._where}: {sentence}")

    def _id(self) -> str:
        name = self._entry.get("id")
        if isinstance(name, str) and _ID(name):
            return name
        self._fault('id is 1 to 64 of a-z, 0-9 and "-"')
        return f"?{self._where}"

    def _roles(self) -> frozenset[Role]:
        roles = self._strings("roles")
        unknown = sorted(set(roles) - _ROLES)
        if unknown or not roles:
            self._fault(
                f"roles are at least one of {', '.join(sorted(_ROLES))}; not {', '.join(unknown) or 'none'}"
            )
        return frozenset(Role(role) for role in roles if role in _ROLES)

    def _institution(self) -> InstitutionKey | None:
        sector: Any = self._entry.get("sector")
        institution: Any = self._entry.get("institution")
        if sector is None and institution is None:
            return None
        if _is_code(sector) and _is_code(institution):
            return InstitutionKey(sector, institution)
        self._fault("sector and institution are given together, each 0 to 999")
        return None

    def _uris(self) -> tuple[str, ...]:
        uris = self._strings("uris")
        if not uris:
            self._fault("uris has at least one entry")
        for uri in uris:
            if not _URI(uri) or len(uri) > 255:
                self._fault("a uri is scheme://…, printable ASCII, at most 255 characters")
        if len(set(uris)) != len(uris):
            self._fault("a uri is given twice")
        return tuple(sorted(set(uris)))

    def _strings(self, key: str) -> list[str]:
        value = self._entry.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return value
        self._fault(f"{key} is a list of strings")
        return []

    def _day(self, key: str) -> dt.date | None:
        value = self._entry.get(key)
        if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
            return value
        self._fault(f"{key} is a date, such as 2026-01-01")
        return None


def _is_code(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 999
