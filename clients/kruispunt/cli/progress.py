"""A progress bar on stderr, for people who wait."""

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress(what: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show how far something is; gives a function to call after each, from any thread.

    Args:
        what: is counted.
        total: how many there will be; none: nobody knows.
        quiet: show nothing; nothing is shown either if nobody looks at stderr.
    """
    if quiet or not _is_watched():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What is printed meanwhile stays on stdout: it may be on its way to a file.
    with Progress(
        *columns, console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task(what, total=total)
        lock = threading.Lock()

        def advance() -> None:
            with lock:
                bar.advance(task)

        yield advance


def _is_watched() -> bool:
    return sys.stderr.isatty()
