"""Names by community of language, from `names.toml`."""

import importlib.resources
import tomllib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Community:
    """People who draw their names from the same lists.

    Attributes:
        language: language of contact: nl, fr or de.
        weight: share in the population, in thousandths.
        country: where they come from, ISO 3166-1 alpha-2.
        towns: of that country.
        family, male, female: names, frequent ones first.
    """

    language: str
    weight: int
    country: str
    towns: tuple[str, ...]
    family: tuple[str, ...]
    male: tuple[str, ...]
    female: tuple[str, ...]


def _read() -> tuple[Community, ...]:
    file = importlib.resources.files("kruispunt.sandbox") / "names.toml"
    entries = tomllib.loads(file.read_text("utf-8")).values()
    return tuple(
        Community(
            e["language"],
            e["weight"],
            e["country"],
            tuple(e["towns"]),
            tuple(e["family"]),
            tuple(e["male"]),
            tuple(e["female"]),
        )
        for e in entries
    )


COMMUNITIES = _read()
