"""Stores in memory have the methods of those over a database that they stand in for, and the stub needs none of it."""

import inspect
import subprocess
import sys
from typing import Any

import pytest

from kruispunt_directory.store.attention import AttentionReader
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.store.numbers import NumberStore as DirectoryNumbers
from kruispunt_directory.store.projection import NumberProjection
from kruispunt_directory.store.reading import DossierReader
from kruispunt_identity.servicer.referrals import Referrals
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.feed import FeedStore
from kruispunt_identity.store.identifiers import IdentifierStore
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.protections import Protections
from kruispunt_identity.store.searches import SearchLog
from kruispunt_server.access.catalogue import METHODS
from kruispunt_server.access.store import RightsStore
from kruispunt_server.changes import ChangeLog
from kruispunt_server.database import Database
from kruispunt_server.writes import Writes
from kruispunt_stub import covered
from kruispunt_stub.covered import COVERED
from kruispunt_stub.directory import attention, cursors, dossiers, knowledge, notices, numbers, reading
from kruispunt_stub.identity import (
    decisions,
    facts,
    issuing,
    links,
    log,
    matches,
    number_changes,
    protections,
    referrals,
    searches,
)
from kruispunt_stub.identity import numbers as identity_numbers
from kruispunt_stub.memory import Memory
from kruispunt_stub.rights import MemoryRights
from kruispunt_stub.writes import MemoryWrites

# Each with the methods of the other that only parts of a registry call which the stub leaves out.
PAIRS: list[tuple[type, type, set[str]]] = [
    (attention.MemoryAttention, AttentionReader, set()),
    (cursors.MemoryCursors, CursorStore, set()),
    (dossiers.MemoryDossiers, DossierStore, {"open_books"}),
    (knowledge.MemoryKnowledge, KnowledgeStore, set()),
    (notices.MemoryNotices, NoticeStore, {"let_go"}),
    (numbers.MemoryNumbers, DirectoryNumbers, {"resolve_now", "resolve_all_now"}),
    (numbers.MemoryProjection, NumberProjection, set()),
    (reading.MemoryReader, DossierReader, {"list_open_of_many"}),
    (decisions.MemoryDecisions, DecisionStore, {"page", "suspect", "undecided", "waiting"}),
    (facts.MemoryFacts, FactStore, set()),
    (log.MemoryFeed, FeedStore, set()),
    (log.MemoryLog, ChangeLog, set()),
    (links.MemoryLinks, IdentifierStore, set()),
    (links.MemoryLinks, LinkStates, set()),
    (issuing.MemoryIssuer, NumberIssuer, {"allocate_many"}),
    (matches.MemoryMatches, MatchStore, {"write_many"}),
    (number_changes.MemoryNumberChanges, NumberChanges, set()),
    (identity_numbers.MemoryNumbers, NumberStore, {"insert_many"}),
    (protections.MemoryProtections, Protections, set()),
    (searches.MemorySearches, SearchLog, set()),
    (referrals.MemoryReferrals, Referrals, set()),
    (MemoryRights, RightsStore, {"replace"}),
    (MemoryWrites, Writes, set()),
    (Memory, Database, set()),
]
_OF_A_DATABASE = {
    "refuse_unfit",
    "close",
    "engine",
    "hot",
    "hot_insert",
    "lock_all",
    "open",
    "probe",
    "listen",
    "reading",
    "snapshot",
    "writing",
}


@pytest.mark.parametrize(
    ("in_memory", "over_sql", "left_out"), PAIRS, ids=lambda one: getattr(one, "__name__", "")
)
def test_a_store_in_memory_has_the_methods_of_the_other(
    in_memory: type, over_sql: type, left_out: set[str]
) -> None:
    """Same methods, same parameters of the same kind, with defaults where the other has them."""
    left_out = left_out | (_OF_A_DATABASE if over_sql is Database else set())
    expected = {
        name: _parameters(method) for name, method in _methods(over_sql).items() if name not in left_out
    }
    found = {name: _parameters(method) for name, method in _methods(in_memory).items() if name in expected}

    assert expected == found
    assert left_out <= _methods(over_sql).keys() | _OF_A_DATABASE, "what is left out must be there"


def _methods(kind: type) -> dict[str, Any]:
    return {
        name: value
        for name, value in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def _parameters(method: Any) -> list[tuple[str, Any, Any]]:
    return [(one.name, one.kind, one.default) for one in inspect.signature(method).parameters.values()]


def test_what_is_covered_is_in_the_contract() -> None:
    """Every method that the stub says it has is one of the contract."""
    known = {name for names in METHODS.values() for name in names}

    assert {f"{service}/{name}" for service, names in COVERED.items() for name in names} <= known
    assert known == covered.methods().keys()


_LEAN = """
import importlib.abc, sys

NEEDED = {"grpc", "google", "rapidfuzz", "anyascii", "yaml", "typing_extensions", "tzdata", "typer", "rich", "pytest"}
FORBIDDEN = {"sqlalchemy", "psycopg", "alembic", "pydantic", "pydantic_settings", "structlog", "cryptography", "jwt",
             "grpc_status", "grpc_health", "grpc_reflection", "prometheus_client", "opentelemetry"}


class Refusing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FORBIDDEN:
            raise ModuleNotFoundError(f"the stub asked for {name}", name=name)
        return None


sys.meta_path.insert(0, Refusing())
import datetime as dt
from kruispunt import Period
from kruispunt.conformance import all_facts
from kruispunt.testing import Registry
import kruispunt_stub.control, kruispunt_stub.plugin, kruispunt_stub.process

all_facts()
with Registry(people=20) as registry:
    assert registry.participants()
"""


def test_the_stub_needs_no_database_library() -> None:
    """Neither SQLAlchemy nor a driver, nor anything else of the servers' extra, is imported."""
    done = subprocess.run(
        [sys.executable, "-c", _LEAN], check=False, capture_output=True, text=True, timeout=120
    )

    assert 0 == done.returncode, done.stderr
