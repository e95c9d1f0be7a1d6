"""Every table of the identity server."""

from dataclasses import dataclass

import sqlalchemy as sa

from kruispunt_identity.tables_matching import MatchingTables, matching_tables
from kruispunt_identity.tables_person import PersonTables, person_tables
from kruispunt_identity.tables_registration import RegistrationTables, registration_tables
from kruispunt_server.tables import SharedTables, new_metadata, shared_tables

metadata = new_metadata()
shared = shared_tables(metadata)
persons = person_tables(metadata)
matching = matching_tables(metadata)
registration = registration_tables(metadata)


@dataclass(frozen=True)
class IdentityTables:
    """The tables by theme.

    Attributes:
        metadata: all of them, for migrations.
        shared: participants, idempotency and the two logs.
        persons: numbers, facts, foreign identifiers.
        matching: what the person search looks up.
        registration: searches made, decisions, work for people, imports.
    """

    metadata: sa.MetaData
    shared: SharedTables
    persons: PersonTables
    matching: MatchingTables
    registration: RegistrationTables


def identity_tables() -> IdentityTables:
    """Return every table."""
    return IdentityTables(metadata, shared, persons, matching, registration)
