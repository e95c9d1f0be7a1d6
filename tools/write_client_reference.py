"""Write docs/reference/python-client.md from the docstrings of the client: what `help()` tells, to be read beside it."""

import dataclasses
import enum
import importlib
import inspect
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import kruispunt
from kruispunt import DirectoryClient, IdentityClient, KnowledgeClient, RehearsalClient, Resolver
from kruispunt.errors import KruispuntError

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "python-client.md"
CLIENTS = (DirectoryClient, IdentityClient, KnowledgeClient, RehearsalClient, Resolver)
MODULES = ("feeds", "notices", "shapes", "entries", "rehearsing")

_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises|Source):$")
_ITEM = re.compile(r"(\*{0,2}\w[\w, ]*): (.*)")
_WIDTH = 100
_HEAD = """\
# The Python client

Written by `make docs` from the docstrings of `clients/kruispunt`; do not edit.

What each class and method does, takes, returns and raises; how to use them stands in the [integration guide](../integration-guide.md).
Each has a twin for tasks with the same methods, to be awaited: `AsyncDirectoryClient`, `AsyncIdentityClient`, and so on.
Exceptions are named after the reasons of [errors](../errors.md): NUMBER_MALFORMED is `NumberMalformed`.
"""


def client_reference() -> dict[pathlib.Path, str]:
    """Return the page."""
    return {PAGE: "\n".join(_lines()).rstrip() + "\n"}


def _lines() -> Iterator[str]:
    yield _HEAD
    for kind in CLIENTS:
        yield from (f"## {kind.__name__}", "", *_call(f"class {kind.__name__}", kind), "", *_told(kind), "")
        for name in sorted(name for name in dir(kind) if not name.startswith("_")):
            member = inspect.getattr_static(kind, name)
            if isinstance(member, property):
                yield from (f"### {kind.__name__}.{name}", "", *_told(member), "")
            elif callable(getattr(kind, name)):
                method = getattr(kind, name)
                yield from (
                    f"### {kind.__name__}.{name}",
                    "",
                    *_call(f"def {name}", method),
                    "",
                    *_told(method),
                    "",
                )
    yield from ("## Values", "")
    for title, value in _values():
        yield from (f"### {title}", "", *_told(value), *_choices(value), "")


def _values() -> Iterator[tuple[str, Any]]:
    """Yield what is public beside clients and errors, by the name under which it is imported."""
    for name in sorted(kruispunt.__all__):
        value = getattr(kruispunt, name)
        apart = value in CLIENTS or name.startswith("Async")
        if inspect.isclass(value) and not apart and not issubclass(value, KruispuntError):
            yield f"kruispunt.{name}", value
    for module in MODULES:
        held = importlib.import_module(f"kruispunt.{module}")
        for name, value in sorted(vars(held).items()):
            public = inspect.isclass(value) and value.__module__ == held.__name__ and not name.startswith("_")
            if public and value not in CLIENTS:
                yield f"kruispunt.{module}.{name}", value


def _call(begin: str, thing: Any) -> Iterator[str]:
    """Yield the signature as it would be written, without `self`."""
    signature = inspect.signature(thing)
    own = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    line = begin + _written(signature.replace(parameters=own))
    yield "```python"
    if len(line) <= _WIDTH:
        yield line
    else:
        inner = _written(signature.replace(parameters=own, return_annotation=inspect.Signature.empty))[1:-1]
        yield f"{begin}("
        yield from (f"    {part}," for part in _split(inner))
        yield ")" + line[len(begin) + 2 + len(inner) :]
    yield "```"


def _written(signature: inspect.Signature) -> str:
    """Return a signature as code has it: type variables and choices by their names."""
    return re.sub(r"<(\w+\.\w+): [^>]*>", r"\1", str(signature).replace("~", ""))


def _split(parameters: str) -> Iterator[str]:
    """Yield parameters, cut at commas that stand in no bracket or text."""
    depth, part, quoted = 0, "", ""
    for character in parameters:
        if quoted:
            quoted = "" if character == quoted else quoted
        elif character in "'\"":
            quoted = character
        depth += (character in "[({") - (character in "])}")
        if character == "," and not depth and not quoted:
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()


def _told(thing: Any) -> Iterator[str]:
    """Yield a docstring: paragraphs, and its sections as lists."""
    section = ""
    item: list[str] = []
    for line in (inspect.getdoc(thing) or "").splitlines():
        found = _SECTION.match(line)
        if found:
            yield from _ended(item)
            section = found[1]
            yield from (f"{section}:", "")
        elif section and line.startswith("    "):
            if _ITEM.match(line.strip()) and not line.startswith("     "):
                yield from _ended(item)
            item.append(line.strip())
        elif section and not line.strip():
            yield from _ended(item)
            yield ""
        else:
            section = ""
            yield line
    yield from _ended(item)


def _ended(item: list[str]) -> Iterator[str]:
    """Yield the list item that was gathered, and forget it."""
    if item:
        text = " ".join(item)
        found = _ITEM.match(text)
        yield f"- `{found[1]}`: {found[2]}" if found else f"- {text}"
        item.clear()


def _choices(value: Any) -> Iterator[str]:
    """Yield what can be chosen, or what a value consists of."""
    if issubclass(value, enum.Enum):
        yield from ("", ", ".join(f"`{one}`" for one in value.__members__))
    elif dataclasses.is_dataclass(value):
        fields = [one for one in dataclasses.fields(value) if one.name != "message"]
        if fields:
            yield from ("", ", ".join(f"`{one.name}: {_annotation(one.type)}`" for one in fields))


def _annotation(kind: Any) -> str:
    return kind if isinstance(kind, str) else inspect.formatannotation(kind)
