"""Which environments are toolworld's own, so that their programs run in this process.

What counts is the digest of the *whole* environment as calls see it: a program of ours with a stranger's state or
schemas is a stranger's. `trusted_digests` writes the digests, at release.
"""

import json
from functools import lru_cache
from importlib.resources import files

from toolworld.environments.spec.environment import Environment

DIGESTS_FILE = "trusted.json"
"""The file beside this module that holds the digests by environment id."""


def is_ours(environment: Environment) -> bool:
    """Whether an environment came with toolworld, or was derived from one that did."""
    known = trusted_digests().get(environment.id)  # first: a digest takes milliseconds, and most ids are not ours
    return known is not None and environment.origin_digest == known


@lru_cache(maxsize=1)
def trusted_digests() -> dict[str, str]:
    """The digest of each environment of ours by its id."""
    return json.loads((files("toolworld.environments.behaviour") / DIGESTS_FILE).read_text(encoding="utf-8"))
