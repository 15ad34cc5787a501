"""Statuses: the one that a new record has, and the one that a verb leads to."""

from toolworld.ground import JsonSchema

STATUSES = ("active", "pending", "completed", "archived")
"""The statuses of records whose document lists none."""
_FIRST = ("new", "draft", "created", "pending", "open", "queued", "scheduled", "submitted", "active", "enabled")
_PAST = {
    "cancel": "cancelled",
    "deny": "denied",
    "put": "put",
    "run": "running",
    "send": "sent",
    "start": "running",
    "stop": "stopped",
    "submit": "submitted",
    "verify": "verified",
}


def first_status(schema: JsonSchema) -> str:
    """The status of a new record: of the listed ones the first that means a beginning."""
    listed = _listed(schema)
    for word in _FIRST:
        found = next((one for one in listed if one.lower() == word), None)
        if found is not None:
            return found
    return listed[0] if listed else STATUSES[0]


def status_after(verb: str, schema: JsonSchema) -> str | None:
    """The status that a verb leads to: a listed one that begins as the verb does; its past form where none is listed.

    None where none of the listed ones fits.
    """
    past = _PAST.get(verb, f"{verb}d" if verb.endswith("e") else f"{verb}ed")
    listed = _listed(schema)
    for form in (past, past.replace("cancelled", "canceled"), verb[:4]):
        found = next((one for one in listed if one.lower().startswith(form)), None)
        if found is not None:
            return found
    return None if listed else past


def _listed(schema: JsonSchema) -> list[str]:
    values = schema.get("enum")
    return [one for one in values if isinstance(one, str) and one] if isinstance(values, list) else []
