"""What `person import` and `dossier import` have in common: a file through the stream, and what became of each row."""

import contextlib
import hashlib
import json
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Generic, TextIO, TypeVar

import typer

from kruispunt.cli import options
from kruispunt.cli.output import plain, print_json, print_line, print_table
from kruispunt.cli.progress import progress
from kruispunt.cli.row_files import REJECTED, Write, writing_rejects
from kruispunt.cli.session import Session

RowT = TypeVar("RowT")

_SHOWN: Final = 20
_UNREADABLE: Final = "UNREADABLE"

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="JSON lines; or CSV or Parquet, if its name ends so.",
    ),
]
ImportId = Annotated[
    uuid.UUID | None,
    typer.Option("--import-id", help="Names the import; left out: the same for the same content of FILE."),
]
DryRun = Annotated[
    bool, typer.Option("--validate-only", help="A dry run: report on every row, write nothing.")
]
Report = Annotated[
    Path | None, typer.Option("--report", help="Write what became of each row there, JSON lines.")
]
Rejects = Annotated[
    Path | None,
    typer.Option(
        "--rejects",
        help="Write rows that were not taken there, as they were and why, in the format of FILE; "
        "once mended it is imported like any other. Without it, a row that cannot be read refuses the whole file.",
    ),
]


@dataclass(frozen=True, slots=True)
class Line(Generic[RowT]):
    """One row of a file.

    Attributes:
        line: where it stands.
        raw: as it stands there.
        row: as it was read, or why it could not be.
    """

    line: int
    raw: Mapping[str, Any]
    row: RowT | ValueError


@dataclass(slots=True)
class _Account:
    """What became of the rows, and where that is written."""

    report: TextIO | None
    reject: Write | None
    outcomes: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    missed: list[tuple[object, ...]] = field(default_factory=list)

    def unreadable(self, line: Line[Any]) -> None:
        """Note a row that was not sent."""
        self.outcomes[_UNREADABLE] += 1
        self._miss(line, None, _UNREADABLE, "", str(line.row))

    def answered(self, line: Line[Any], result: Any, *, done: bool, repeated: bool) -> None:
        """Note the outcome of a row."""
        self.outcomes[result.outcome.name] += 1
        self.repeated += repeated
        if self.report is not None:
            said = {"line": line.line, **plain(result)}
            self.report.write(json.dumps(said, ensure_ascii=False) + "\n")
        if not done:
            self._miss(line, result.row, result.reason or result.outcome.name, result.field, result.message)

    def _miss(self, line: Line[Any], row: int | None, reason: str, where: str, message: str) -> None:
        if len(self.missed) < _SHOWN:
            self.missed.append((line.line, row, reason, where, message))
        if self.reject is not None:
            why = dict(zip(REJECTED, (line.line, row, reason, where, message), strict=True))
            self.reject({**why, **line.raw})


def import_file(
    session: Session,
    file: Path,
    read: Callable[[Path], Iterator[Line[RowT]]],
    send: Callable[[Iterator[RowT]], Iterator[Any]],
    *,
    done: Callable[[Any], bool],
    repeated: Callable[[Any], bool] = lambda _result: False,
    report: Path | None,
    rejects: Path | None,
    dry: bool,
) -> None:
    """Read a file through, send its rows, and tell what became of them; leaves with 1 if a row was not taken.

    Args:
        session: says how to tell.
        file: is read twice: before anything is sent, and as it is sent.
        read: gives its rows; may raise ValueError.
        send: sends rows and gives a result for each, in order.
        done: whether a result is that of a row that was taken.
        repeated: whether it is what became of the row when it was sent before; outcomes may say so themselves.
        report: where every outcome is written.
        rejects: where rows are written that were not taken.
        dry: whether nothing was to be written in the registry.

    Raises:
        ValueError: a line is no row; or, without `rejects`, a row cannot be read; or a file would be written over
            the one that is read, or over another. Nothing was sent.
    """
    if file.resolve() in [each.resolve() for each in (report, rejects) if each]:
        raise ValueError(f"{file.name} would be overwritten while it is read")
    if report and rejects and report.resolve() == rejects.resolve():
        raise ValueError(f"{report.name} cannot be both, report and rejects")
    with contextlib.ExitStack() as stack:
        total = _checked(file, read, strict=rejects is None)
        account = _Account(
            stack.enter_context(opened(report)),
            stack.enter_context(writing_rejects(rejects, file)) if rejects else None,
        )
        advance = stack.enter_context(progress("rows", total, quiet=session.as_json))
        under_way: deque[Line[RowT]] = deque()  # read and not answered: a few messages

        def rows() -> Iterator[RowT]:
            for line in read(file):
                if isinstance(line.row, ValueError):
                    account.unreadable(line)
                    advance()
                else:
                    under_way.append(line)
                    yield line.row

        for result in send(rows()):
            account.answered(under_way.popleft(), result, done=done(result), repeated=repeated(result))
            advance()
    _tell(session, total, account, rejects, dry=dry)
    if account.missed:
        raise typer.Exit(1)


def name_of(file: Path, namespace: uuid.UUID) -> uuid.UUID:
    """Name an import after what is in the file: repeating it is the same import."""
    with file.open("rb") as content:
        return uuid.uuid5(namespace, hashlib.file_digest(content, "sha256").hexdigest())


def opened(file: Path | None) -> contextlib.AbstractContextManager[TextIO | None]:
    """Open a file to write, if there is one."""
    return options.private(file) if file else contextlib.nullcontext()


def _checked(file: Path, read: Callable[[Path], Iterator[Line[Any]]], *, strict: bool) -> int:
    """Read a file through; returns how many rows it has."""
    total = unreadable = 0
    first: Line[Any] | None = None
    for line in read(file):
        total += 1
        if isinstance(line.row, ValueError):
            first = first or line
            unreadable += 1
    if strict and first is not None:
        more = f" ({unreadable - 1} more)" if unreadable > 1 else ""
        raise ValueError(
            f"{file.name} line {first.line}: {first.row}{more}; with --rejects the other rows are imported"
        )
    return total


def _tell(session: Session, total: int, account: _Account, rejects: Path | None, *, dry: bool) -> None:
    keys = ("line", "row", "reason", "field", "message")
    if session.as_json:
        missed = [dict(zip(keys, each, strict=True)) for each in account.missed]
        print_json(
            {
                "rows": total,
                "outcomes": account.outcomes,
                "repeated": account.repeated,
                "not_imported": missed,
                "validate_only": dry,
            }
        )
        return
    told = ", ".join(
        f"{count} {name.lower().replace('_', ' ')}" for name, count in sorted(account.outcomes.items())
    )
    print_line(f"{total} {'row' if total == 1 else 'rows'}: {told or 'none'}")
    if account.repeated:
        print_line(
            f"{account.repeated} of them were sent before under the same import id: told is what became of them then"
        )
    if account.missed:
        more = f", the first {_SHOWN}; {rejects or '--rejects'} has all"
        print_table(
            f"not imported{more if len(account.missed) == _SHOWN else ''}",
            ("line", "row", "why", "where", ""),
            account.missed,
        )
