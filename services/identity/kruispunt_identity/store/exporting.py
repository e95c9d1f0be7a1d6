"""Numbers of an export, by number, a stretch of the register at a time."""

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.exporting import Selection
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.tables import Instant

# Numbers looked at in one statement: few enough that the sparsest selection stays far below a statement's time.
_STRETCH: Final = 5000
_LATEST: Final = 99_999_999
# What was recorded so long before `changed_since` comes too: it may have been committed after it.
_MARGIN: Final = dt.timedelta(minutes=2)
_EARLIEST: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class ExportReader:
    """Walks along the numbers that stand."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self._database = database
        number, profile = tables.persons.number, tables.matching.match_profile
        # Index: primary key.
        stretch = (
            sa.select(number.c.ssin, number.c.register, number.c.stands, number.c.recorded_at)
            .where(number.c.ssin > sa.bindparam("after"))
            .order_by(number.c.ssin)
            .limit(sa.bindparam("size"))
            .subquery("stretch")
        )
        member = number.alias("member")
        # Index: ix_number_root_ssin, then the primary key. Whatever birth is seen of a person, it is that of the
        # profile of one of the numbers.
        born = sa.exists().where(
            member.c.root_ssin == stretch.c.ssin,
            profile.c.ssin == member.c.ssin,
            profile.c.birth.between(sa.bindparam("earliest"), sa.bindparam("latest")),
        )
        since = sa.bindparam("since", type_=Instant)
        wanted = sa.and_(
            stretch.c.stands,
            stretch.c.register.in_(sa.bindparam("registers", expanding=True)),
            stretch.c.recorded_at >= since,
        )
        # By whether the birth matters.
        self._walk = {
            False: sa.select(stretch.c.ssin, wanted.label("wanted")).order_by(stretch.c.ssin),
            True: sa.select(stretch.c.ssin, sa.and_(wanted, born).label("wanted")).order_by(stretch.c.ssin),
        }

    def stretch(self, selection: Selection, after: int, most: int) -> tuple[list[Ssin], int | None]:
        """Return the next numbers that may be selected, and up to where it looked.

        Args:
            selection: what is wanted; of the birth year somewhat more is returned.
            after: numbers above this one only.
            most: numbers at most.

        Returns:
            0 to `most` numbers in ascending order, and the number after which to go on; none at the end.
        """
        parameters: dict[str, Any] = {
            "after": after,
            "size": _STRETCH,
            "registers": sorted(map(int, selection.registers)),
            "since": max(selection.changed_since or _EARLIEST, _EARLIEST) - _MARGIN,
        }
        if selection.by_birth:
            parameters["earliest"] = max(selection.born_from, 1) * 10_000
            parameters["latest"] = selection.born_until * 10_000 + 9_999 if selection.born_until else _LATEST
        with self._database.reading() as connection:
            rows = connection.execute(self._walk[selection.by_birth], parameters).all()
        found = [Ssin(ssin) for ssin, wanted in rows if wanted]
        if len(found) > most:
            return found[:most], found[most - 1]
        return found, rows[-1].ssin if len(rows) == _STRETCH else None
