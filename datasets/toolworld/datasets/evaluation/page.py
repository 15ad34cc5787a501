"""The report as a page of its own: no script, nothing that is loaded from elsewhere."""

from pathlib import Path

from toolworld.datasets.evaluation.evaluate import Evaluation
from toolworld.datasets.evaluation.plots import PILLARS, SUBJECTS, bars, scatter, transition_maps

_TEMPLATE = Path(__file__).with_name("report.html")


def evaluation_page(evaluation: Evaluation) -> str:
    """An evaluation as HTML."""
    from jinja2 import Environment  # takes time to load

    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        _TEMPLATE.read_text(encoding="utf-8")
    )
    report = evaluation.report
    groups = [
        (subject, pillar, rows)
        for subject in SUBJECTS
        for pillar in PILLARS
        if (
            rows := [
                one for one in report.measures if (one.subject, one.pillar) == (subject, pillar) and not one.reason
            ]
        )
    ]
    return template.render(
        report=report,
        groups=groups,
        left_out=[one for one in report.measures if one.reason],
        bars=bars(report.measures),
        scatter=scatter(evaluation.real, evaluation.synthetic),
        maps=transition_maps(evaluation.real, evaluation.synthetic),
    )
