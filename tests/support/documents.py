"""The project's own files, read as a visitor reads them; without git, which a visitor may not have."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = re.compile(
    r"\.git|\.venv.*|\.run|\.[a-z]+_cache|\.import_linter_cache|\.hypothesis|__pycache__|dist|work|node_modules|gen|.*\.egg-info"
)
_NOT_KEPT = ("results.jsonl",)


def files() -> Iterator[Path]:
    """Yield every file of the project, none that its tools made."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if not _NOT_OURS.fullmatch(name)]
        yield from (Path(folder) / name for name in sorted(names) if name not in _NOT_KEPT)


def documents() -> list[Path]:
    """Return every Markdown file."""
    return [path for path in files() if path.suffix == ".md"]


def blocks(path: Path, *languages: str) -> list[str]:
    """Return the code blocks of some languages, in order; "" is a block without one."""
    found: list[tuple[str, list[str]]] = []
    inside = False
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("```"):
            inside = not inside
            if inside:
                found.append((line[3:].strip(), []))
        elif inside:
            found[-1][1].append(line)
    return ["\n".join(lines) + "\n" for language, lines in found if language in languages]


def spans(path: Path) -> list[str]:
    """Return the code that stands inside sentences."""
    return re.findall(r"(?<!`)`([^`\n]+)`", path.read_text("utf-8"))
