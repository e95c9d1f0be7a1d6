"""Run benchmarks: `python -m benchmarks --only R1 --size full`."""

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from benchmarks import (
    b1,
    c1,
    dossier_imports,
    f1,
    g1,
    h1,
    imports,
    m1,
    q1,
    r1,
    r2,
    r4,
    r5,
    r6,
    r7,
    s1,
    writes,
)
from benchmarks.comparing import SIZES, Size, say

ROWS: dict[str, Callable[[Size], Iterable[dict[str, Any]]]] = {
    "R1": r1.run,
    "R2": r2.on_postgresql,
    "R3": r2.on_sqlite,
    "R4": r4.run,
    "R5": r5.run,
    "R6": r6.run,
    "R7": r7.run,
    "G1": g1.run,
    "M1": m1.run,
    "W1": writes.on_postgresql,
    "W2": writes.on_sqlite,
    "S1": s1.run,
    "S1-1M": s1.of_million,
    "S1-3M": s1.of_three_million,
    "B1": b1.run,
    "I1": dossier_imports.on_postgresql,
    "I2": dossier_imports.on_sqlite,
    "IP": imports.run,
    "F1": f1.run,
    "F1N": f1.run_notices,
    "Q1": q1.run,
    "C1": c1.run,
    "H1": h1.run,
}


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        default=",".join(name for name in ROWS if "-" not in name),
        help=f"rows, comma separated, of {', '.join(ROWS)}",
    )
    parser.add_argument("--size", choices=SIZES, default="small", help="how many rows and calls")
    options = parser.parse_args()
    names = options.only.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        parser.error(f"there is no {', '.join(unknown)}; there is {', '.join(ROWS)}")
    for name in names:
        for result in ROWS[name](SIZES[options.size]):
            say([result])  # at once: loading the next store may take long


if __name__ == "__main__":
    main()
