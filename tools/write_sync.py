"""Write the clients for threads from those for tasks, or check that they are fresh.

`clients/kruispunt/_async` is the source; each module of it but `driver` becomes one of `_sync` by the words below.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "clients" / "kruispunt" / "_async"
TARGET = ROOT / "clients" / "kruispunt" / "_sync"
APART = {"__init__.py", "driver.py"}
BANNER = "# Written by `make generate` from kruispunt/_async; edit it there."

WORDS = [
    (r"\basync (def|for|with)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsyncGenerator\[(.+), None\]", r"Generator[\1, None, None]"),
    (r"\bAwaitable\[(\w+(\[\w+\])?)\]", r"\1"),
    (r"\bAsyncGenerator\b", "Generator"),
    (r"\bAsync(\w+Client|Listing|Resolver)\b", r"\1"),
    (r"\b(\w+)AsyncStub\b", r"\1Stub"),
    (r"\bgrpc\.aio\.", "grpc."),
    (r"\b__a(iter|next|enter|exit)__\b", r"__\1__"),
    (r"\ba(next|iter)\(", r"\1("),
    (r"\baclosing\b", "closing"),
    (r"\bkruispunt\._async\b", "kruispunt._sync"),
    (r"\b(between|many) tasks\b", r"\1 threads"),
]


def written(source: str) -> str:
    """Return what becomes of a module, formatted."""
    for pattern, replacement in WORDS:
        source = re.sub(pattern, replacement, source)
    # What the words left without a use goes, and what they renamed goes to its place in the alphabet.
    return _ruff(_ruff(f"{BANNER}\n{source}", "check", "--select=I,F401", "--fix", "--exit-zero"), "format")


def main() -> None:
    """Write, or compare with what would be written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail if anything would change")
    check = parser.parse_args().check
    fresh = {path.name: written(path.read_text()) for path in SOURCE.glob("*.py") if path.name not in APART}
    found = {path.name: path.read_text() for path in TARGET.glob("*.py") if path.name not in APART}
    differing = sorted(name for name in fresh | found if fresh.get(name) != found.get(name))
    if check:
        sys.exit(f"stale, run `make generate`: _sync/{differing}" if differing else 0)
    for name in differing:
        (TARGET / name).unlink(missing_ok=True)
        if name in fresh:
            (TARGET / name).write_text(fresh[name])
    print(f"{len(fresh)} files under _sync/, {len(differing)} changed")


def _ruff(text: str, *arguments: str) -> str:
    command = [pathlib.Path(sys.executable).with_name("ruff"), *arguments, "--quiet"]
    name = f"--stdin-filename={TARGET / 'module.py'}"
    done = subprocess.run([*command, name, "-"], input=text, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"ruff {arguments[0]}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
