"""A registry in memory that knows two persons, and the office with an empty cabinet."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pension_office.cabinet import Cabinet
from pension_office.following import Follower
from pension_office.office import Office

from kruispunt import DirectoryClient, IdentityClient, PartialDate, Sex, Ssin
from kruispunt.testing import Registry, SeededPerson

US = "institution-5-1"
ANNA = SeededPerson(Ssin.parse("42012205181"), "Peeters", ("Jan",), PartialDate(1942, 1, 22), Sex.MALE)
BEA = SeededPerson(
    Ssin.parse("75460898095"),
    "Janssens",
    ("Bea",),
    PartialDate(1975, 6, 8),
    Sex.FEMALE,
    birth_country="NL",
    nationalities=("NL",),
)


@pytest.fixture
def kruispunt_options() -> dict[str, Any]:
    """Whom the registry knows, and what time it is there."""
    return {"persons": [ANNA, BEA], "now": dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)}


@dataclass
class Place:
    """The office, and what it works with."""

    office: Office
    cabinet: Cabinet
    follower: Follower
    directory: DirectoryClient
    identity: IdentityClient


@pytest.fixture
def place(kruispunt_registry: Registry, tmp_path: Path) -> Iterator[Place]:
    """The office, connected to the registry in memory."""
    directory, identity = kruispunt_registry.directory(US), kruispunt_registry.identity(US)
    cabinet = Cabinet(tmp_path / "cabinet.db")
    office = Office(directory, identity, cabinet)
    yield Place(office, cabinet, Follower(office, directory, identity), directory, identity)
    cabinet.close()
