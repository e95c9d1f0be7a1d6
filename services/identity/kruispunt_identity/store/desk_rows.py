"""The stores of rows that a change of a number touches, over the database."""

from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.number_desk import DeskRows
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database


def desk_rows(database: Database, tables: IdentityTables) -> DeskRows:
    """Return them."""
    numbers = NumberStore(database, tables)
    return DeskRows(
        numbers,
        NumberChanges(database, tables),
        FactStore(database, tables.persons),
        LinkStates(database, tables),
        DecisionStore(database, tables, numbers),
    )
