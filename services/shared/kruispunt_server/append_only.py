"""Triggers that let a log grow and nothing else.

A row of a log may be inserted, and its `position` may be set once. Everything else is refused by the database, so
that neither a fault of ours nor somebody with a connection of the server rewrites what happened.

Released migrations call these functions: what they make must not change. A different protection is another function.
"""

from collections.abc import Sequence

ERROR = "is append-only"

_CHANGES = ("delete", "update")


def protecting(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    """Return the statements that make `table` append-only.

    Args:
        dialect: "sqlite" or "postgresql".
        table: name of the log.
        columns: every column of it but `position`.
    """
    listed = ", ".join(columns)
    return _on_sqlite(table, listed) if dialect == "sqlite" else _on_postgresql(table, listed)


def unprotecting(dialect: str, table: str) -> list[str]:
    """Return the statements that undo `protecting`; on SQLite the triggers go with the table too."""
    names = ["no_delete", "no_update", "position_once"]
    if dialect == "sqlite":
        return [f"DROP TRIGGER {table}_{name}" for name in names]
    dropped = [f"DROP TRIGGER {table}_{name} ON {table}" for name in [*names, "no_truncate"]]
    return [*dropped, f"DROP FUNCTION {table}_refuse()"]


def freezing(dialect: str, table: str) -> list[str]:
    """Return the statements that let rows of `table` be inserted, and never be changed or deleted.

    For histories, which have no `position`.

    Args:
        dialect: "sqlite" or "postgresql".
        table: name of the history.
    """
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {ERROR}'); END"
        return [f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {refuse}" for verb in _CHANGES]
    refuse = f"EXECUTE FUNCTION {table}_refuse()"
    return [
        _refusing_function(table),
        *(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} FOR EACH ROW {refuse}"
            for verb in _CHANGES
        ),
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def thawing(dialect: str, table: str) -> list[str]:
    """Return the statements that undo `freezing`."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER {table}_no_{verb}" for verb in _CHANGES]
    dropped = [f"DROP TRIGGER {table}_no_{verb} ON {table}" for verb in (*_CHANGES, "truncate")]
    return [*dropped, f"DROP FUNCTION {table}_refuse()"]


def closing(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    """Return the statements that let rows of `table` be inserted and closed once, and nothing else.

    For bitemporal tables: a row that no longer stands gets `superseded_at`, and keeps it.

    Args:
        dialect: "sqlite" or "postgresql".
        table: name of the table.
        columns: every column of it but those that close a row.
    """
    listed = ", ".join(columns)
    once = "OLD.superseded_at IS NOT NULL OR NEW.superseded_at IS NULL"
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {ERROR}'); END"
        return [
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {listed} ON {table} {refuse}",
            f"CREATE TRIGGER {table}_closed_once BEFORE UPDATE ON {table} WHEN {once} {refuse}",
        ]
    refuse = f"EXECUTE FUNCTION {table}_refuse()"
    return [
        _refusing_function(table),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {listed} ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_closed_once BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({once}) {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def unclosing(dialect: str, table: str) -> list[str]:
    """Return the statements that undo `closing`."""
    names = ["no_delete", "no_update", "closed_once"]
    if dialect == "sqlite":
        return [f"DROP TRIGGER {table}_{name}" for name in names]
    dropped = [f"DROP TRIGGER {table}_{name} ON {table}" for name in [*names, "no_truncate"]]
    return [*dropped, f"DROP FUNCTION {table}_refuse()"]


def keeping(dialect: str, table: str, columns: Sequence[str]) -> list[str]:
    """Return the statements that make `table` append-only, but for records that retention has let go.

    As `protecting`; a row may be deleted once its position is below `log.kept_from`.

    Args:
        dialect: "sqlite" or "postgresql".
        table: name of the log.
        columns: every column of it but `position`.
    """
    kept = f"OLD.position IS NULL OR OLD.position >= (SELECT kept_from FROM log WHERE name = '{table}')"  # noqa: S608 - names of ours
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {ERROR}'); END"
        deleting = f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN {kept} {refuse}"
        return [deleting, *_on_sqlite(table, ", ".join(columns))[1:]]
    statements = _on_postgresql(table, ", ".join(columns))
    checking = _keeping_function(table, kept)
    deleting = (
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION {table}_refuse_kept()"
    )
    return [statements[0], checking, deleting, *statements[2:]]


def letting_go(dialect: str, table: str) -> list[str]:
    """Return the statements that undo `keeping`."""
    dropped = unprotecting(dialect, table)
    return dropped if dialect == "sqlite" else [*dropped, f"DROP FUNCTION {table}_refuse_kept()"]


def withholding(dialect: str, table: str, kept: str) -> list[str]:
    """Return the statements that let rows of `table` be inserted, never be changed, and be deleted only when let go.

    Args:
        dialect: "sqlite" or "postgresql".
        table: name of the table.
        kept: condition, in SQL, over the row `OLD` that may not be deleted.
    """
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {ERROR}'); END"
        return [
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN {kept} {refuse}",
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        ]
    refuse = f"EXECUTE FUNCTION {table}_refuse()"
    return [
        _refusing_function(table),
        _keeping_function(table, kept),
        (
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW "
            f"EXECUTE FUNCTION {table}_refuse_kept()"
        ),
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def handing_out(dialect: str, table: str) -> list[str]:
    """Return the statements that undo `withholding`."""
    dropped = thawing(dialect, table)
    return dropped if dialect == "sqlite" else [*dropped, f"DROP FUNCTION {table}_refuse_kept()"]


def rising(dialect: str) -> list[str]:
    """Return the statements by which `log` keeps its names and identifiers, and its numbers only rise."""
    falls = "NEW.size < OLD.size OR NEW.kept_from < OLD.kept_from"
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, 'log {ERROR}'); END"
        return [
            f"CREATE TRIGGER log_no_delete BEFORE DELETE ON log {refuse}",
            f"CREATE TRIGGER log_no_update BEFORE UPDATE OF name, log_id ON log {refuse}",
            f"CREATE TRIGGER log_rising BEFORE UPDATE ON log WHEN {falls} {refuse}",
        ]
    refuse = "EXECUTE FUNCTION log_refuse()"
    return [
        _refusing_function("log"),
        f"CREATE TRIGGER log_no_delete BEFORE DELETE ON log FOR EACH ROW {refuse}",
        f"CREATE TRIGGER log_no_update BEFORE UPDATE OF name, log_id ON log FOR EACH ROW {refuse}",
        f"CREATE TRIGGER log_rising BEFORE UPDATE ON log FOR EACH ROW WHEN ({falls}) {refuse}",
        f"CREATE TRIGGER log_no_truncate BEFORE TRUNCATE ON log FOR EACH STATEMENT {refuse}",
    ]


def _refusing_function(table: str) -> str:
    return (
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table} {ERROR}' USING ERRCODE = 'integrity_constraint_violation', "
        f"CONSTRAINT = '{table}_append_only'; END $$"
    )


def _keeping_function(table: str, kept: str) -> str:
    return (
        f"CREATE FUNCTION {table}_refuse_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {kept} THEN RAISE EXCEPTION '{table} {ERROR}' USING ERRCODE = 'integrity_constraint_violation', "
        f"CONSTRAINT = '{table}_append_only'; END IF; RETURN OLD; END $$"
    )


def _on_sqlite(table: str, listed: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} {ERROR}'); END"
    return [
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {listed} ON {table} {refuse}",
        (
            f"CREATE TRIGGER {table}_position_once BEFORE UPDATE OF position ON {table} "
            f"WHEN OLD.position IS NOT NULL OR NEW.position IS NULL {refuse}"
        ),
    ]


def _on_postgresql(table: str, listed: str) -> list[str]:
    refuse = f"EXECUTE FUNCTION {table}_refuse()"
    return [
        _refusing_function(table),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {listed} ON {table} FOR EACH ROW {refuse}",
        (
            f"CREATE TRIGGER {table}_position_once BEFORE UPDATE OF position ON {table} FOR EACH ROW "
            f"WHEN (OLD.position IS NOT NULL OR NEW.position IS NULL) {refuse}"
        ),
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]
