"""The templates of the pages, filled."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from toolworld.server.viewer.html.addresses import (
    anchor,
    comparison_path,
    environment_path,
    pair_path,
    query,
    run_path,
    slug,
    state_path,
    task_path,
)
from toolworld.server.viewer.html.markdown import show_markdown
from toolworld.server.viewer.html.values import (
    ABSENT,
    counted,
    first_things,
    letters_of,
    listed,
    plain_text,
    show_brief,
    show_json,
    show_raw,
    show_text,
    show_value,
)

_FOLDER = Path(__file__).parents[1] / "templates"


@lru_cache(maxsize=1)
def templates() -> Environment:
    """The environment of the templates: everything that is filled in is escaped, and a missing name is an error."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "text": show_text,
        "plain": plain_text,
        "brief": show_brief,
        "show": show_value,
        "json": show_json,
        "raw": show_raw,
        "markdown": show_markdown,
        "counted": counted,
        "listed": listed,
        "percent": _percent,
    }
    made.filters.update(filters)
    names: dict[str, Any] = {
        "ABSENT": ABSENT,
        "anchor": anchor,
        "slug": slug,
        "query": query,
        "run_path": run_path,
        "state_path": state_path,
        "environment_path": environment_path,
        "task_path": task_path,
        "pair_path": pair_path,
        "comparison_path": comparison_path,
        "first_things": first_things,
        "letters_of": letters_of,
    }
    made.globals.update(names)
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template, filled."""
    return templates().get_template(template).render(values)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
