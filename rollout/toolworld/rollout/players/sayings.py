"""The sentences of scripted players."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files


@cache
def sayings() -> Mapping[str, Sequence[str]]:
    """The ways to say something, by occasion; `$what` and other names in them stand for what is said."""
    text = (files("toolworld.rollout.players") / "sayings.toml").read_text(encoding="utf-8")
    return {occasion: forms["all"] for occasion, forms in tomllib.loads(text).items()}
