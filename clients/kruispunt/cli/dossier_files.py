"""Files of dossiers, as `dossier import` reads and `dossier export` writes them.

The columns of CSV and Parquet and the names of JSON lines are the same:

- `ssin` (11 digits, or as 75.06.08-980.09), `capacity`, `begin` (YYYY-MM-DD): required;
- `end`, `phase`, `institution` ("17/1"), `network_level` ("primary", "secondary"), `source`;
- what is to be compared with the register: `family_name`, `given_names` (a list, or a text with "|" between),
  `birth_date` (YYYY, YYYY-MM or YYYY-MM-DD), `sex` ("male", "female");
- what an export says besides, and an import passes over: `dossier_id`, `registered_ssin`, `record_time`,
  `confirm_time`, `etag`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from kruispunt.cli import options
from kruispunt.cli.bulk import Line
from kruispunt.cli.row_files import Columns, read_records
from kruispunt.dossier_rows import DossierRow
from kruispunt.period import Period
from kruispunt.values import Dossier, InstitutionRef, NetworkLevel, PartialDate, PersonClaim, Sex

_SAID: Final[Mapping[str, type]] = {
    "ssin": str,
    "institution": str,
    "capacity": int,
    "phase": int,
    "begin": dt.date,
    "end": dt.date,
    "network_level": str,
    "source": str,
}
_PASSED_OVER: Final = ("dossier_id", "registered_ssin", "record_time", "confirm_time", "etag")
_CLAIMED: Final = ("family_name", "given_names", "birth_date", "sex")
EXPORTED: Final[Mapping[str, type]] = {**_SAID, **dict.fromkeys(_PASSED_OVER, str)}
"""The columns of an export, and the types of their values."""
COLUMNS: Final = Columns((*_SAID, *_CLAIMED, *_PASSED_OVER), ("ssin", "capacity", "begin"))
_NETWORK: Final = {"primary": NetworkLevel.PRIMARY, "secondary": NetworkLevel.SECONDARY}
_SEX: Final = {"male": Sex.MALE, "female": Sex.FEMALE}


def read_lines(file: Path) -> Iterator[Line[DossierRow]]:
    """Yield the rows of a file; one that says something impossible has the error in place of its row.

    Raises:
        ValueError: the heading is wrong, or a line is no row.
    """
    for record in read_records(file, COLUMNS):
        try:
            row: DossierRow | ValueError = _row(record.raw if record.cells is None else record.cells)
        except ValueError as error:
            row = error
        yield Line(record.line, record.raw, row)


def row_of(dossier: Dossier) -> Mapping[str, Any]:
    """Return a dossier by the columns of an export."""
    return {
        "ssin": str(dossier.ssin),
        "institution": str(dossier.institution),
        "capacity": dossier.capacity,
        "phase": dossier.phase,
        "begin": dossier.period.begin,
        "end": dossier.period.end,
        "network_level": dossier.network_level.name.lower(),
        "source": dossier.source,
        "dossier_id": dossier.dossier_id,
        "registered_ssin": str(dossier.registered_ssin),
        "record_time": dossier.record_time.isoformat() if dossier.record_time else "",
        "confirm_time": dossier.confirm_time.isoformat() if dossier.confirm_time else "",
        "etag": dossier.etag,
    }


def _row(said: Mapping[str, Any]) -> DossierRow:
    if strange := sorted(said.keys() - set(COLUMNS.known)):
        raise ValueError(f"unknown {', '.join(strange)}")
    institution = _text(said, "institution")
    return DossierRow(
        ssin=options.person(_text(said, "ssin", required=True)),
        capacity=_whole(said, "capacity", required=True),
        period=_period(said),
        phase=_whole(said, "phase"),
        institution=InstitutionRef.parse(institution) if institution else None,
        network_level=_choice(said, "network_level", _NETWORK, NetworkLevel.UNSPECIFIED),
        source=_text(said, "source"),
        claim=_claim(said),
    )


def _period(said: Mapping[str, Any]) -> Period:
    begin, end = _text(said, "begin", required=True), _text(said, "end")
    days = []
    for name, text in (("begin", begin), ("end", end)):
        try:
            days.append(options.day(text) if text else None)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    assert days[0] is not None, "required"
    return Period(days[0], days[1])


def _claim(said: Mapping[str, Any]) -> PersonClaim | None:
    names = said.get("given_names") or []
    if isinstance(names, str):
        names = [each.strip() for each in names.split("|") if each.strip()]
    if not (isinstance(names, list) and all(isinstance(each, str) for each in names)):
        raise ValueError("given_names must be a list of texts")
    born = _text(said, "birth_date")
    claim = PersonClaim(
        _text(said, "family_name"),
        tuple(names),
        _partial(born) if born else None,
        _choice(said, "sex", _SEX, Sex.UNSPECIFIED),
    )
    return claim if claim != PersonClaim() else None


def _partial(text: str) -> PartialDate:
    try:
        return options.partial_date(text)
    except ValueError as error:
        raise ValueError(f"birth_date: {error}") from None


def _text(said: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = said.get(name)
    if value is None or value == "":
        if required:
            raise ValueError(f"{name} is absent")
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text")  # noqa: TRY004 - it is what the file says
    return value.strip()


def _whole(said: Mapping[str, Any], name: str, *, required: bool = False) -> int:
    value = said.get(name)
    text = str(value) if type(value) is int else _text(said, name, required=required)
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError(f"{name} must be a whole number")
    return int(text)


def _choice(said: Mapping[str, Any], name: str, choices: Mapping[str, Any], absent: Any) -> Any:
    text = _text(said, name)
    if not text:
        return absent
    if text.lower() not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}")
    return choices[text.lower()]
