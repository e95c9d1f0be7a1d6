"""The position of a feed in your own database, saved in the transaction of what you do: exactly once.

Needs SQLAlchemy, which the client does not install.

    positions = SqlPositions(metadata, "identity-changes")
    start = positions.start(connection, otherwise=SNAPSHOT)
    for item in identity.watch_changes(start):
        with engine.begin() as connection:
            apply(connection, item)
            positions.save(connection, item.resume_token)
"""

import sqlalchemy as sa

from kruispunt.feeds import FeedStart


class SqlPositions:
    """One reader's position, a row of a table.

    Args:
        metadata: where the table is defined; create it with your own migrations.
        reader: names the reader, 1 to 64 characters; one table serves many.
        table: name of the table.
    """

    def __init__(self, metadata: sa.MetaData, reader: str, table: str = "kruispunt_position") -> None:
        found = metadata.tables.get(table)
        self.table: sa.Table = (
            found
            if found is not None
            else sa.Table(
                table,
                metadata,
                sa.Column("reader", sa.String(64), primary_key=True),
                sa.Column("resume_token", sa.Text, nullable=False),
            )
        )
        self._reader = reader

    def start(self, connection: sa.Connection, otherwise: FeedStart) -> FeedStart:
        """Return where to begin: after what was saved last, or `otherwise`."""
        token = connection.scalar(
            sa.select(self.table.c.resume_token).where(self.table.c.reader == self._reader)
        )
        return FeedStart.after(token) if token else otherwise

    def save(self, connection: sa.Connection, resume_token: str) -> None:
        """Save a position in the running transaction of `connection`; two readers of one name would overwrite it."""
        mine = self.table.c.reader == self._reader
        done = connection.execute(sa.update(self.table).where(mine).values(resume_token=resume_token))
        if done.rowcount == 0:
            connection.execute(sa.insert(self.table).values(reader=self._reader, resume_token=resume_token))
