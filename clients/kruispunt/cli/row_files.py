"""Files of rows in three formats, by the ending of their name: JSON lines, CSV and Parquet; read in constant memory.

- CSV (`.csv`, `.tsv`): UTF-8, with a byte order mark or without; a heading; cells between commas, semicolons or
  tabs, whichever the heading has.
- Parquet (`.parquet`): columns as the heading of CSV; needs `pip install 'kruispunt[parquet]'`.
- anything else: JSON lines, UTF-8, an object a line; empty lines are passed over.

Columns of `REJECTED`, which a file of rejected rows has besides, are passed over: once mended, it is imported as it is.
"""

import csv
import datetime as dt
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kruispunt.cli import options

REJECTED: Final = (
    "rejected_line",
    "rejected_row",
    "rejected_reason",
    "rejected_field",
    "rejected_message",
)
_SEPARATORS: Final = (",", ";", "\t")
_AT_ONCE: Final = 1000
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_NEEDS: Final = "Parquet files need: pip install 'kruispunt[parquet]'"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the heading of a CSV or Parquet file may say.

    Attributes:
        known: every column.
        required: those that must be there.
    """

    known: tuple[str, ...]
    required: tuple[str, ...] = ()

    def check(self, file: Path, found: Iterable[str]) -> None:
        """Refuse a heading.

        Raises:
            ValueError: a column is unknown, absent, or stands there twice; says which, and what there is.
        """
        names = list(found)
        if strange := [name for name in names if name not in self.known and name not in REJECTED]:
            raise ValueError(
                f"{file.name} line 1: unknown columns {', '.join(strange)}; there are {', '.join(self.known)}"
            )
        if absent := [name for name in self.required if name not in names]:
            raise ValueError(f"{file.name} line 1: columns {', '.join(absent)} are absent")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{file.name} line 1: columns {', '.join(twice)} stand there twice")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a file as it stands there.

    Attributes:
        line: of the text file; of a Parquet file the number of the row; from 1 on.
        raw: what the row says by name; of CSV texts, of Parquet the values of its types.
        cells: the same as texts without white space around them, empty ones left out; none of JSON lines.
    """

    line: int
    raw: Mapping[str, Any]
    cells: Mapping[str, str] | None = None


def kind_of(file: Path) -> str:
    """Return the format that the name of a file stands for: "csv", "parquet" or "jsonl"."""
    ending = file.suffix.lower()
    return {".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet"}.get(ending, "jsonl")


def read_records(file: Path, columns: Columns) -> Iterator[Record]:
    """Yield the rows of a file.

    Raises:
        ValueError: the heading is wrong, or a line is no row; says which line, and no value.
    """
    read = {"csv": _csv_records, "parquet": _parquet_records}.get(kind_of(file))
    return read(file, columns) if read else _json_records(file)


def _json_records(file: Path) -> Iterator[Record]:
    for number, line in _lines(file):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            if "\\u" in line:  # half of a surrogate pair is no text: no message and no file takes it
                json.dumps(raw, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise ValueError(f"{file.name} line {number} is no JSON") from None
        if type(raw) is not dict:
            raise ValueError(f"{file.name} line {number}: the row must be an object")
        yield Record(number, _without_rejection(raw))


def _csv_records(file: Path, columns: Columns) -> Iterator[Record]:
    heading = next((line for _, line in _lines(file)), "")
    # Strict: a quotation mark that nothing closes would take all lines after it for one cell.
    reader = csv.DictReader((line for _, line in _lines(file)), delimiter=_separator(heading), strict=True)
    try:
        columns.check(file, reader.fieldnames or ())
        for cells in reader:
            if None in cells:
                raise ValueError(f"{file.name} line {reader.line_num}: more cells than columns")
            raw = _without_rejection({name: cell or "" for name, cell in cells.items()})
            yield Record(reader.line_num, raw, _filled(raw))
    except csv.Error:
        raise ValueError(f"{file.name} line {reader.line_num + 1} is no CSV") from None


def _separator(heading: str) -> str:
    """Return the character between the cells: the one that the heading has most of."""
    return max(_SEPARATORS, key=heading.count)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file with their numbers.

    Raises:
        ValueError: it is not UTF-8; says from which line on.
    """
    with file.open("rb") as raw:
        if raw.read(2) in _UTF_16:
            raise ValueError(f"{file.name} is UTF-16; save it as UTF-8")
    number = 0
    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            for line in lines:
                number += 1
                yield number, line
        except UnicodeDecodeError:
            raise ValueError(f"{file.name} is no UTF-8 from line {number + 1} on") from None


def _parquet_records(file: Path, columns: Columns) -> Iterator[Record]:
    parquet = _pyarrow_parquet()
    try:
        source = parquet.ParquetFile(file)
    except (OSError, ValueError):
        raise ValueError(f"{file.name} is no Parquet") from None
    with source:
        columns.check(file, source.schema_arrow.names)
        number = 0
        for batch in _batches(file, source):
            for values in batch.to_pylist():
                number += 1
                raw = _without_rejection(values)
                try:
                    cells = {name: _cell(name, value) for name, value in raw.items()}
                except ValueError as error:
                    raise ValueError(f"{file.name} row {number}: {error}") from None
                yield Record(number, raw, _filled(cells))


def _batches(file: Path, source: Any) -> Iterator[Any]:
    try:
        yield from source.iter_batches(batch_size=_AT_ONCE)
    except (OSError, ValueError):
        raise ValueError(f"{file.name} is no Parquet: it is damaged inside") from None


def _cell(name: str, value: Any) -> str:
    """Return a value of Parquet as the text that a cell of CSV would have."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:011d}" if name.endswith("ssin") else str(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "|".join(value)
    raise ValueError(f"{name} must be a text, a whole number, a day, or a list of texts")


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, cell in cells.items() if (text := cell.strip())}


def _without_rejection(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in raw.items() if name not in REJECTED}


Write = Callable[[Mapping[str, Any]], None]


@contextmanager
def writing_rows(file: Path, types: Mapping[str, type], separator: str = "") -> Iterator[Write]:
    """Open a file to write rows into; gives a function that writes one. Only its owner can read a new file.

    Args:
        file: its ending says the format, as of reading.
        types: of the columns, in order: `str`, `int` or `datetime.date`; a row may lack some.
        separator: of CSV; empty: a tab where the name ends in .tsv, and else a comma.
    """
    kind = kind_of(file)
    if kind == "parquet":
        arrow = _pyarrow()
        arrow_of = {str: arrow.string(), int: arrow.int64(), dt.date: arrow.date32()}
        with _writing_parquet(
            file, arrow.schema([(name, arrow_of[each]) for name, each in types.items()])
        ) as w:
            yield w
        return
    with options.private(file) as lines:
        if kind == "csv":
            lines.reconfigure(newline="")  # type: ignore[attr-defined]  # the csv module ends lines itself
            separator = separator or ("\t" if file.suffix.lower() == ".tsv" else ",")
            writer = csv.DictWriter(lines, list(types), delimiter=separator, lineterminator="\n")
            writer.writeheader()
            yield writer.writerow
        else:
            yield lambda row: print_row(lines, row)


def print_row(lines: Any, row: Mapping[str, Any]) -> None:
    """Write a row as a line of JSON, without what is empty."""
    said = {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in row.items()
        if value not in (None, "")
    }
    lines.write(json.dumps(said, ensure_ascii=False, default=str) + "\n")


@contextmanager
def _writing_parquet(file: Path, schema: Any) -> Iterator[Write]:
    arrow, parquet = _pyarrow(), _pyarrow_parquet()
    rows: list[Mapping[str, Any]] = []
    with (
        open(file, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as target,
        parquet.ParquetWriter(target, schema) as writer,
    ):

        def flush() -> None:
            if rows:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                rows.clear()

        def write(row: Mapping[str, Any]) -> None:
            rows.append(row)
            if len(rows) == _AT_ONCE:
                flush()

        try:
            yield write
        finally:
            flush()


@contextmanager
def writing_rejects(file: Path, like: Path) -> Iterator[Write]:
    """Open a file for rejected rows, in the format and with the columns of the file that they come from.

    Raises:
        ValueError: the two names stand for different formats.
    """
    kind = kind_of(file)
    if kind != kind_of(like):
        raise ValueError(
            f"rejected rows of {like.name} are written in the same format: let {file.name} end so"
        )
    if kind == "parquet":
        arrow = _pyarrow()
        fields = [field for field in _pyarrow_parquet().read_schema(like) if field.name not in REJECTED]
        added = [
            arrow.field(name, arrow.int64() if name in REJECTED[:2] else arrow.string()) for name in REJECTED
        ]
        with _writing_parquet(file, arrow.schema([*added, *fields])) as write:
            yield write
        return
    names: list[str] = []
    separator = ""
    if kind == "csv":
        heading = next((line for _, line in _lines(like)), "")
        separator = _separator(heading)
        found = next(csv.reader(io.StringIO(heading), delimiter=separator), [])
        names = [name for name in found if name not in REJECTED]
    with writing_rows(file, dict.fromkeys([*REJECTED, *names], str), separator) as write:
        yield write


def _pyarrow() -> Any:
    try:
        import pyarrow as pa
    except ModuleNotFoundError:
        raise ValueError(_NEEDS) from None
    return pa


def _pyarrow_parquet() -> Any:
    _pyarrow()
    from pyarrow import parquet

    return parquet
