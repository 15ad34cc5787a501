"""A run as a page of its own: no script, nothing that is loaded from elsewhere."""

from pathlib import Path

from toolworld.datasets.generation.runner.candidate import RejectedReply
from toolworld.datasets.generation.runner.output import GeneratedRows, OutputPaths
from toolworld.ground import each_line

_TEMPLATE = Path(__file__).with_name("run.html")
SHOWN = 50
"""Rows, and rejected replies, on the page."""


def run_page(rows: GeneratedRows) -> str:
    """The counts of a run, its first rows, and its first rejected replies, each reason at least once."""
    from jinja2 import Environment  # takes time to load

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    summary = rows.summary
    most = max(summary.rejected.values(), default=1)
    return template.render(
        name=rows.path.name,
        summary=summary,
        bars=[(reason, count, 100 * count / most) for reason, count in summary.rejected.items()],
        rows=rows[:SHOWN],
        rejected=_rejected(OutputPaths(rows.path).rejected),
        rejected_count=sum(summary.rejected.values()),
    )


def _rejected(path: Path) -> list[RejectedReply]:
    shown: list[RejectedReply] = []
    reasons: dict[str, None] = {}
    for one in each_line(path, RejectedReply):
        if len(shown) < SHOWN or one.reason not in reasons:
            shown.append(one)
        reasons[one.reason] = None
    return shown
