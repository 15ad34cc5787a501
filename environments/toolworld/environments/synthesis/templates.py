"""What models are asked when they write programs and environments: templates, each a file in `prompts/`."""

from importlib.resources import files
from string import Template


def read_template(name: str) -> Template:
    """The template of that name."""
    return Template(_text(name))


def _text(name: str) -> str:
    return (files("toolworld.environments.synthesis") / "prompts" / f"{name}.md").read_text(encoding="utf-8")


LANGUAGE = _text("language").strip()
"""What a model must know of the language of programs."""
