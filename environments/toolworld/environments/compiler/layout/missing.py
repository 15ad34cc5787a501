"""Errors that say that there is no such record."""

import re

from toolworld.environments.spec.tool import DocumentedError

_MISSING = re.compile(
    r"not[_ ]found|no[_ ]such|unknown|does[_ ]not[_ ]exist|not[_ ]exist|not[_ ]identified|"
    r"\bno \w+ (?:fits|matches|has that|has this|of that|with that|with this)|"
    r"\b(?:belongs to none|not on (?:our|the) (?:books?|files?|records?|list)|not registered|not known|no match)\b"
)
_MAX_READ = 400
_MISSING_CODE = re.compile(r"^[a-z]+_(?:missing|unknown)$")


def says_missing(error: DocumentedError) -> bool:
    """Whether an error says that there is no such record."""
    said = error.when[:_MAX_READ].lower()
    if _MISSING_CODE.search(error.code) and re.search(r"\b(?:no|not|none|nobody)\b", said):
        return True
    return bool(_MISSING.search(error.code) or _MISSING.search(said))
