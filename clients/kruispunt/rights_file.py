"""The file in which an administrator declares who may connect and who may obtain what, as YAML.

    participants:
      pension-office:
        institution: 5/1                  # left out: a part of the registry itself
        roles: [supplier, consumer]
        uris: [spiffe://registry.example/participant/pension-office]
        from: 2026-01-01                  # optional, with until: half open
        quotas: {reads: 200/s, searches: 60/min, writes: 50/s, bulk: 10/min}
    legal_bases:
      18/042:
        title: Pensions look up the persons that they pay
        data_groups: [name, birth, gender, dossier, route]   # or [all]
    grants:
      pensions-read:
        participants: [pension-office]
        methods: [IdentityService/GetPerson, DirectoryService/*]
        legal_basis: 18/042
        data_groups: [all]                # all that the legal basis covers
        requires_dossier: true

Every scalar counts as the text that is written: `no` is no boolean. Anchors, aliases and tags are refused, so that a
short file cannot become a huge one. Needs PyYAML: `pip install 'kruispunt[cli]'`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from kruispunt._rights_nodes import NodeReader, line_of
from kruispunt.access.v1 import participant_service_pb2 as pb

_MOST_BYTES: Final = 16 << 20
_MOST_TOLD: Final = 40
_DEEPEST: Final = 8
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The file's words for fields of the contract.
_WORDS: Final = {"begin": "from", "end": "until"}


class RightsFileError(Exception):
    """The file cannot be used.

    Attributes:
        faults: each a line of the file (0: the file as a whole) and a sentence; 40 at most.
        more: how many there are besides.
        file: what could be read of it, so that the registry can say what else is wrong; none: nothing could.
    """

    def __init__(
        self, faults: list[tuple[int, str]], *, more: int = 0, file: "RightsFile | None" = None
    ) -> None:
        super().__init__(
            "\n".join(f"line {line}: {sentence}" if line else sentence for line, sentence in faults)
        )
        self.faults = faults
        self.more = more
        self.file = file

    def and_more(self) -> list[str]:
        """Return the sentence that says how many faults are not told; nothing if all are."""
        return [f"and {self.more} more"] if self.more else []


class RightsFile:
    """What a file declares.

    Attributes:
        message: the rights, as the registry takes them; in place of what is malformed stands what it refuses.
        form_faults: what is wrong with the form, by line; empty in a file that `read_rights` returned.
    """

    def __init__(
        self,
        message: pb.Rights,
        lines: dict[str, int],
        form_faults: list[tuple[int, str]],
        malformed: set[str],
    ) -> None:
        self.message = message
        self.form_faults = form_faults
        self._lines = lines
        self._malformed = malformed

    def line_of(self, path: str) -> int:
        """Return the line that a field of the rights stands on, such as "grants[2].methods[0]"; 0 if nowhere."""
        path = path.removeprefix("rights.")
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return 0

    def refused(self, violations: Sequence[tuple[str, str]] = (), count: str = "") -> RightsFileError:
        """Return all that is wrong: with the form, and what the registry refuses besides; by line, 40 faults at most.

        Args:
            violations: of the registry: each a field of the rights and a sentence.
            count: how many faults the registry found, where it does not tell all.
        """
        of_sense = [
            (self.line_of(path), f"{_spoken(path)}: {sentence}")
            for path, sentence in violations
            if not self._is_malformed(path.removeprefix("rights."))
        ]
        found = sorted([*self.form_faults, *of_sense])
        untold = 0
        if count.isdigit():  # but for what stands in place of the malformed, which the registry refuses too
            said_already = len(self._malformed) - (len(violations) - len(of_sense))
            untold = max(int(count) - len(violations) - max(said_already, 0), 0)
        return RightsFileError(found[:_MOST_TOLD], more=max(len(found) - _MOST_TOLD, 0) + untold, file=self)

    def _is_malformed(self, path: str) -> bool:
        """Return whether a place, or one that it lies in, is malformed: that was said already."""
        ends = [len(path), *(at for at, character in enumerate(path) if character in ".[")]
        return any(path[:end] in self._malformed for end in ends)


def read_rights(path: Path) -> RightsFile:
    """Return what a file declares; whether it makes sense, the registry says.

    Raises:
        RightsFileError: not readable, no YAML, or not of this form: all faults of form at once.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RightsFileError([(0, f"the file is larger than {_MOST_BYTES >> 20} MiB")])
        text = path.read_text("utf-8")
    except OSError as error:
        raise RightsFileError([(0, error.strerror or type(error).__name__)]) from None
    except UnicodeDecodeError:
        raise RightsFileError([(0, "the file is not UTF-8")]) from None
    return parse_rights(text)


def parse_rights(text: str) -> RightsFile:
    """Return what a text declares; errors as of `read_rights`."""
    try:
        _refuse_tricks(text)
        root = yaml.compose(text, _LOADER)
    except yaml.reader.ReaderError:
        found = yaml.reader.Reader.NON_PRINTABLE.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else 0
        raise RightsFileError([(line, "a character that YAML does not take")]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this is no YAML"
        raise RightsFileError([(mark.line + 1 if mark else 0, str(problem))]) from None
    reader = NodeReader()
    message = reader.rights(root)
    if reader.faults and not isinstance(root, yaml.MappingNode):
        raise RightsFileError(reader.faults)
    file = RightsFile(message, reader.lines, reader.faults, reader.malformed)
    if reader.faults:
        raise file.refused()
    return file


def _refuse_tricks(text: str) -> None:
    """Refuse what a file of rights has no use for: references, tags, several documents, great depth."""
    depth = documents = 0
    for event in yaml.parse(text, _LOADER):
        line = line_of(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RightsFileError([(line, "anchors and aliases are not taken")])
        if getattr(event, "tag", None) not in (None, "!"):
            raise RightsFileError([(line, "tags are not taken")])
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1 or depth > _DEEPEST:
            raise RightsFileError([(line, "one document, not deeper than participants, entry, field, list")])


def _spoken(path: str) -> str:
    """Return the last name in a path in the words of the file."""
    name = re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
    return _WORDS.get(name, name)
