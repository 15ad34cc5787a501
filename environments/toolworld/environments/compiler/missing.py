"""Errors that say that there is no such record."""

import re

from toolworld.environments.spec.tool import DocumentedError

_MISSING = re.compile(
    r"not[_ ]found|no[_ ]such|unknown|does[_ ]not[_ ]exist|not[_ ]exist|not[_ ]identified|"
    r"\bno \w+ (?:fits|matches|has that|has this|of that|with that|with this)"
)


def says_missing(error: DocumentedError) -> bool:
    """Whether an error says that there is no such record."""
    return bool(_MISSING.search(error.code) or _MISSING.search(error.when.lower()))
