"""Countries, by their ISO 3166-1 codes or by the NIS codes that Belgian registers use. The table: data/countries.toml."""

import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import Final

from kruispunt_server.errors import Reason, RegistryError

BELGIUM: Final = "BE"


def _read() -> Mapping[str, str]:
    table = resources.files("kruispunt_identity").joinpath("data/countries.toml").read_text("utf-8")
    read = tomllib.loads(table)
    known = {code: code for code in read["alpha_2"]}
    return known | {nis: known[code] for code, nis in read["nis"].items()}


_COUNTRIES: Final = _read()


def country_code(text: str, field: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country.

    Args:
        text: alpha-2 in capitals, or a NIS code of three digits.
        field: its path.

    Raises:
        RegistryError: empty, INVALID_ARGUMENT / FIELD_REQUIRED; no such country, INVALID_ARGUMENT / COUNTRY_UNKNOWN.
    """
    found = _COUNTRIES.get(text)
    if found is not None:
        return found
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "a country is required", field=field)
    raise RegistryError(Reason.COUNTRY_UNKNOWN, "there is no such country", field=field)
