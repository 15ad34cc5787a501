"""Told of the progress of a run; and a line of it for terminals."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from toolworld.llm import LedgerEntry


class Progress(NamedTuple):
    """How far a run is."""

    asked: int
    accepted: int
    rejected: int
    """Replies that were rejected."""
    candidates: int
    ledger: tuple[LedgerEntry, ...]
    """What was paid so far."""

    @property
    def cost_usd(self) -> float:
        """Dollars that were paid so far."""
        return sum(entry.paid.cost_usd for entry in self.ledger)


class OnProgress(Protocol):
    """Told of the progress."""

    def __call__(self, progress: Progress, /) -> None:
        """So far it is."""
        ...


def unheard(progress: Progress) -> None:
    """Nobody listens."""


def described(progress: Progress, seconds: float) -> str:
    """A line: the rate, what was rejected, the cost so far, and what all of it will cost at this rate."""
    rate = progress.accepted / seconds if seconds > 0 else 0.0
    parts = [f"{rate:,.1f}/s", f"{progress.rejected:,} rejected"]
    if progress.cost_usd:
        projected = progress.cost_usd * progress.asked / max(1, progress.accepted)
        parts.append(f"${progress.cost_usd:.4f} of about ${projected:.4f}")
    if rate:
        parts.append(f"{max(0, progress.asked - progress.accepted) / rate:,.0f} s left")
    return ", ".join(parts)


_SECONDS_BETWEEN = 0.2


@contextmanager
def progress_line(show: bool) -> Generator[OnProgress]:
    """A live line on stderr, where that is a terminal."""
    from rich.console import Console  # takes time to load
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True, highlight=False)
    if not show or not console.is_terminal:
        yield unheard
        return
    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with RichProgress(*columns, console=console, transient=True) as bar:
        line, began, last = bar.add_task("", total=None), time.monotonic(), 0.0

        def told(progress: Progress) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > _SECONDS_BETWEEN or progress.accepted == progress.asked:
                last = now
                text = described(progress, now - began)
                bar.update(line, total=progress.asked, completed=progress.accepted, description=text)

        yield told
