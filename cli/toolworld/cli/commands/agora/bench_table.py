"""The comparison of generators for people: a column for each of them."""

from toolworld.cli.screen import plain, stdout_console, table
from toolworld.datasets import BETTER, BenchReport, GapRecovered, GeneratorReport

_ARROWS = {"higher": "+", "lower": "-"}


def show_bench(report: BenchReport) -> None:
    """Print the table, the judge's card, the components, and what was not measured."""
    console, reports = stdout_console(), [*report.generators.values()]
    names = [plain(name) for name in report.generators]
    order = f"the best first by {report.ranked_by}" if report.ranked_by else "not ranked: alike in what ranks"
    rows = table(f"Generators: {report.domain}, {order}", ("", "better", *names), names)
    rows.add_row("rows", "", *(f"{one.rows:,}" for one in reports))
    for benchmark in dict.fromkeys(name for one in reports for name in one.gaps):
        gaps = [one.gaps.get(benchmark) for one in reports]
        rows.add_row(f"gap recovered: {plain(benchmark)}", "+", *map(_gap, gaps))
    for name, values in _figures(reports):
        if any(value is not None for value in values):
            rows.add_row(name, _ARROWS.get(BETTER.get(name, ""), ""), *map(_number, values))
    console.print(rows)
    _show_in_context(report)
    _show_judge(report)
    _show_components(report)
    for note in report.notes:
        console.print(f"[dim]not measured: {plain(note)}[/]", soft_wrap=True)


def _figures(reports: list[GeneratorReport]) -> list[tuple[str, list[float | None]]]:
    """The figures of all generators, by name."""
    gaps = [
        ("gap recovered", [one.gap for one in reports]),
        ("in-context gap", [one.in_context.value if one.in_context else None for one in reports]),
    ]
    return [*gaps, *((name, [one.metrics[name] for one in reports]) for name in reports[0].metrics)]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _gap(gap: GapRecovered | None) -> str:
    if gap is None or gap.value is None:
        return "undefined" if gap else "-"
    return (
        f"{gap.value:.1f}"
        if gap.low is None or gap.high is None
        else f"{gap.value:.1f} ({gap.low:.0f}..{gap.high:.0f})"
    )


def _show_in_context(report: BenchReport) -> None:
    found = {name: one.in_context for name, one in report.generators.items() if one.in_context}
    for name, one in found.items():
        scores = f"base {one.base:.3f}, with its rows {one.student:.3f}, with the reference's {one.reference:.3f}"
        stdout_console().print(f"in context, {plain(name)}: {_gap(one)} % ({scores}; {one.items:,} items)")


def _show_judge(report: BenchReport) -> None:
    if report.judge is None:
        return
    rows = table(f"The judge {plain(report.judge.judge)} on spoilt responses", ("spoilt", "scored lower", "95 %"))
    for kind, one in report.judge.kinds.items():
        rows.add_row(kind, f"{one.lower} of {one.pairs}", f"{100 * one.low:.0f} to {100 * one.high:.0f} %")
    stdout_console().print(rows)


def _show_components(report: BenchReport) -> None:
    found = report.components
    if found is None:
        return
    shares = ", ".join(f"{100 * one:.1f} %" for one in found.explained)
    stdout_console().print(f"principal components of the metrics: {shares} of the variance")
    if report.regression is not None:
        fit = report.regression
        stdout_console().print(
            f"the {fit.of} on the first {fit.components}: adjusted R2 {fit.adjusted_r2:.3f}, p {fit.p:.3f}, "
            f"{fit.settings} settings"
        )
