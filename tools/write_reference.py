"""Write docs/reference/: a page for each file of the contract, from its comments; see `write_client_reference` for Python.

What is written here is the contract as it is read elsewhere, and nothing of its own; `make docs` writes it.
"""

import pathlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from kruispunt.errors import BY_REASON

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "reference"
BUF = pathlib.Path(sys.executable).parent / "buf"

_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6  # numbers of the fields of FileDescriptorProto, in paths to comments
_OF_MESSAGE = {"field": 2, "message": 3, "enum": 4}
_METHOD, _VALUE, _PACKAGE = 2, 2, 2
_REASON = re.compile(r"(?<![\w`#/])[A-Z]+(?:_[A-Z]+)+(?![\w`])")
_GOOGLE = "google."
_REQUIRED = (
    b"\xe2A\x01\x02"  # google.api.field_behavior, an extension that this program need not know: REQUIRED
)
_SCALARS = {number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()}
_HEAD = "Written by `make docs` from the comments of `protos/{name}`; do not edit."


@dataclass
class Page:
    """One page: a file of the contract.

    Attributes:
        file: its descriptor.
        name: of the page, without folder.
        comments: by path, as `source_code_info` has them.
    """

    file: FileDescriptorProto
    name: str
    comments: dict[tuple[int, ...], str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The service, or the file where there is none."""
        if self.file.service:
            return self.file.service[0].name
        return pathlib.PurePath(self.file.name).stem.replace("_", " ").capitalize()

    def said(self, *path: int) -> str:
        """Return the comment at a path, in paragraphs."""
        return self.comments.get(path, "")


def reference() -> dict[pathlib.Path, str]:
    """Return each page of the contract, and the page that lists them."""
    pages = [_page(file) for file in _files()]
    where = {name: page.name for page in pages for name in _types_of(page.file)}
    wanted = {FOLDER / page.name: "\n".join(_lines(page, where)).rstrip() + "\n" for page in pages}
    wanted[FOLDER / "README.md"] = "\n".join(_contents(pages)) + "\n"
    return wanted


def _files() -> list[FileDescriptorProto]:
    built = subprocess.run([BUF, "build", "-o", "-"], cwd=ROOT, capture_output=True, check=True)
    files = FileDescriptorSet.FromString(built.stdout).file
    ours = [file for file in files if file.package.startswith("kruispunt.")]
    return [file for file in ours if not file.name.endswith("error_reason.proto")]  # docs/errors.md has it


def _page(file: FileDescriptorProto) -> Page:
    stem = file.service[0].name if file.service else pathlib.PurePath(file.name).stem
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", stem).lower().replace("_", "-")
    comments = {
        tuple(place.path): _paragraphs(place.leading_comments)
        for place in file.source_code_info.location
        if place.leading_comments
    }
    return Page(file, f"{name}.md", comments)


def _paragraphs(comment: str) -> str:
    parts = re.split(r"\n\s*\n", comment.strip())
    return "\n\n".join(" ".join(line.strip() for line in part.splitlines()) for part in parts)


def _types_of(file: FileDescriptorProto) -> Iterator[str]:
    for message in file.message_type:
        yield from _names(f".{file.package}.{message.name}", message)
    yield from (f".{file.package}.{one.name}" for one in file.enum_type)


def _names(name: str, message: DescriptorProto) -> Iterator[str]:
    yield name
    yield from (f"{name}.{one.name}" for one in message.enum_type)
    for one in message.nested_type:
        yield from _names(f"{name}.{one.name}", one)


def _contents(pages: Iterable[Page]) -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written by `make docs` from the comments of the protos and the docstrings of the client; do not edit."
    yield "Every reason of a refusal: [errors](../errors.md)."
    yield "In Python: [the client](python-client.md)."
    by_package: dict[str, list[Page]] = {}
    for page in pages:
        by_package.setdefault(page.file.package, []).append(page)
    for package, held in sorted(by_package.items()):
        yield from ("", f"## {package}", "", "| | |", "| --- | --- |")
        for page in sorted(held, key=lambda page: (not page.file.service, page.title)):
            path = (_SERVICES, 0) if page.file.service else (_PACKAGE,)
            yield f"| [{page.title}]({page.name}) | {_cell(page.said(*path)).partition('<br>')[0]} |"


def _lines(page: Page, where: dict[str, str]) -> Iterator[str]:
    file = page.file
    yield from (f"# {page.title}", "", _HEAD.format(name=file.name), "", f"Package `{file.package}`.", "")
    for number, service in enumerate(file.service):
        yield from (_text(page.said(_SERVICES, number)), "")
        for order, method in enumerate(service.method):
            yield from (f"## {method.name}", "", f"`{_signature(method)}`", "")
            yield from (_text(page.said(_SERVICES, number, _METHOD, order)), "")
            told = [_type_link(one, where) for one in (method.input_type, method.output_type)]
            yield from (f"Request: {told[0]}. Response: {told[1]}.", "")
    if not file.service:
        yield from (_text(page.said(_PACKAGE)), "")
    for number, message in enumerate(file.message_type):
        yield from _message(page, message, message.name, (_MESSAGES, number), where)
    for number, enum in enumerate(file.enum_type):
        yield from _enum(page, enum, enum.name, (_ENUMS, number))


def _signature(method: MethodDescriptorProto) -> str:
    def side(name: str, *, streams: bool) -> str:
        return ("stream " if streams else "") + name.rsplit(".", 1)[1]

    asked = side(method.input_type, streams=method.client_streaming)
    told = side(method.output_type, streams=method.server_streaming)
    return f"rpc {method.name}({asked}) returns ({told})"


def _message(
    page: Page, message: DescriptorProto, name: str, path: tuple[int, ...], where: dict[str, str]
) -> Iterator[str]:
    if message.options.map_entry:
        return
    yield from (f"## {name}", "", _text(page.said(*path)), "")
    if message.field:
        yield from ("| field | type | |", "| --- | --- | --- |")
        for number, one in enumerate(message.field):
            said = page.said(*path, _OF_MESSAGE["field"], number)
            yield f"| `{one.name}` = {one.number} | {_field_type(message, one, where)} | {_cell(said)} |"
        yield ""
    for number, nested in enumerate(message.nested_type):
        below = (*path, _OF_MESSAGE["message"], number)
        yield from _message(page, nested, f"{name}.{nested.name}", below, where)
    for number, enum in enumerate(message.enum_type):
        yield from _enum(page, enum, f"{name}.{enum.name}", (*path, _OF_MESSAGE["enum"], number))


def _enum(page: Page, enum: EnumDescriptorProto, name: str, path: tuple[int, ...]) -> Iterator[str]:
    yield from (f"## {name}", "", _text(page.said(*path)), "", "| value | |", "| --- | --- |")
    for number, value in enumerate(enum.value):
        yield f"| `{value.name}` = {value.number} | {_cell(page.said(*path, _VALUE, number))} |"
    yield ""


def _field_type(message: DescriptorProto, one: FieldDescriptorProto, where: dict[str, str]) -> str:
    nested = {entry.name: entry for entry in message.nested_type if entry.options.map_entry}
    entry = nested.get(one.type_name.rsplit(".", 1)[-1])
    if entry is not None:
        key, value = (_field_type(entry, each, where) for each in entry.field)
        return f"map from {key} to {value}"
    told = _type_link(one.type_name, where) if one.type_name else _SCALARS[one.type]
    if one.label == FieldDescriptorProto.LABEL_REPEATED:
        told = f"repeated {told}"
    if one.HasField("oneof_index") and not one.proto3_optional:
        told += f", one of `{message.oneof_decl[one.oneof_index].name}`"
    return told + (", required" if _REQUIRED in one.options.SerializeToString() else "")


def _type_link(name: str, where: dict[str, str]) -> str:
    short = name.removeprefix(".")
    if short.startswith(_GOOGLE):
        return f"`{short}`"
    local = short.split(".v1.", 1)[1]
    if name not in where:
        return f"`{short}`"
    return f"[{local}]({where[name]}#{local.replace('.', '').lower()})"


def _text(said: str) -> str:
    """Return a comment with a sentence on each line, and reasons as links."""
    return re.sub(r"(?<=\.) (?=[A-Z`\[])", "\n", _linked(said))


def _cell(said: str) -> str:
    return _linked(said).replace("\n\n", "<br>").replace("|", "\\|")


def _linked(said: str) -> str:
    return _REASON.sub(_reason_link, said)


def _reason_link(found: re.Match[str]) -> str:
    return f"[{found[0]}](../errors.md#{found[0].lower()})" if found[0] in BY_REASON else found[0]
