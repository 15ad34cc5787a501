"""Tables of an evaluation for people."""

from collections.abc import Mapping
from itertools import groupby
from typing import get_args

from toolworld.cli.screen import plain, stdout_console, table
from toolworld.datasets import EvaluationReport, MeasureResult, Pillar, Subject

_CHANCE = "chance"
_SUBJECTS: tuple[Subject, ...] = get_args(Subject)
_PILLARS: tuple[Pillar, ...] = get_args(Pillar)


def show_report(report: EvaluationReport) -> None:
    """Print all measures, a table for each subject and pillar, and what was left out."""
    console = stdout_console()
    for side, of in (("real", report.real), ("synthetic", report.synthetic)):
        counts = f"{of.samples:,} samples, {of.calls:,} calls, {of.tools:,} tools"
        console.print(f"{side:>9}: {plain(of.name)} ({of.form}): {counts}")
    _show_apart(report)
    has_chance = any(one.chance is not None for one in report.measures)
    numbers = ("value", "95 %", *((_CHANCE,) if has_chance else ()), "real")
    for subject, results in groupby(_in_order(report), lambda one: one.subject):
        rows = table(subject.capitalize(), ("measure", "better", *numbers), fixed=numbers)
        for pillar, of_pillar in groupby(results, lambda one: one.pillar):
            rows.add_section()
            rows.add_row(f"[bold]{pillar}[/]")
            for one in of_pillar:
                rows.add_row(*_cells(one, has_chance=has_chance))
        console.print(rows)
    console.print(
        "[dim]real: of the real set, or the value where both sets are the same. chance: what it would be if both sets "
        f"were of one source. {_draws(report)}[/]"
    )
    _show_left_out(report)


def _show_apart(report: EvaluationReport) -> None:
    """The short of it: what is further from the real set than chance would have it."""
    told = [one for one in report.measures if one.chance is not None and one.low is not None]
    if not told:
        return
    apart = report.apart
    stdout_console().print(
        f"[bold]{len(apart)} of {len(told)} measures are further from the real set than chance would have it[/]"
        + (f": {plain(', '.join(apart))}" if apart else "")
    )


def _draws(report: EvaluationReport) -> str:
    return f"Intervals rest on {report.resamples} draws, seed {report.seed}." if report.resamples else "No intervals."


def _cells(one: MeasureResult, *, has_chance: bool) -> tuple[str, ...]:
    return (
        f"{plain(one.name)}\n[dim]{plain(one.sentence)}[/]",
        one.better,
        shown(one.value),
        "" if one.low is None else f"{shown(one.low)} to {shown(one.high)}",
        *(["" if one.chance is None else shown(one.chance)] if has_chance else []),
        shown(one.real if one.real is not None else one.ideal),
    )


def _in_order(report: EvaluationReport) -> list[MeasureResult]:
    return sorted(
        (one for one in report.measures if one.reason is None),
        key=lambda one: (_SUBJECTS.index(one.subject), _PILLARS.index(one.pillar)),
    )


def _show_left_out(report: EvaluationReport) -> None:
    console = stdout_console()
    by_reason: dict[str, list[str]] = {}
    for one in report.measures:
        if one.reason is not None:
            by_reason.setdefault(one.reason, []).append(one.name)
    if by_reason:
        console.print("Left out:")
    for reason, names in by_reason.items():
        console.print(f"  {plain(', '.join(names))}: {plain(reason)}", style="dim")
    for note in report.notes:
        console.print(f"[yellow]{plain(note)}[/]")


def show_numbers(numbers: Mapping[str, float | None]) -> None:
    """Print the original's numbers under its names."""
    rows = table("As the original SynAE counts", ("key", "value"), fixed=("value",))
    for key, value in numbers.items():
        rows.add_row(plain(key), "-" if value is None else f"{value:.6g}")
    stdout_console().print(rows)


def shown(value: float | None) -> str:
    """A number with as many digits as a reader needs."""
    if value is None:
        return "-"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}" if abs(value) >= 10 else f"{value:.3f}"
