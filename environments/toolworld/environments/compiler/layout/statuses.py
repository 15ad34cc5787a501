"""Statuses: the one that a new record has, and the one that a verb leads to."""

from collections.abc import Sequence

from toolworld.environments.normaliser.words import word_set, words
from toolworld.ground import JsonSchema

STATUS_NAMES = ("status", "state")
"""Fields that say where a record stands."""
_LIVE = word_set(
    """active asked available awaiting booked confirmed current draft due enabled free held in in_progress in_stock
    in_use new on_hold on_loan on_order ongoing open out pending placed posted processing ready requested scheduled
    submitted under_review unpaid valid waiting"""
)
ENDINGS = word_set(
    """cancel close complete decline delete discard drop end finish leave reject release remove return revoke void
    withdraw"""
)
"""Verbs that bring a record to its end, so that nothing new is made."""
STATUSES = ("active", "pending", "completed", "archived")
"""The statuses of records whose document lists none."""
_FIRST = (
    "new",
    "booked",
    "planned",
    "filed",
    "draft",
    "created",
    "pending",
    "open",
    "queued",
    "scheduled",
    "submitted",
    "active",
    "enabled",
)
_PAST = {
    "cancel": "cancelled",
    "deny": "denied",
    "freeze": "frozen",
    "give": "given",
    "hold": "held",
    "lend": "lent",
    "pay": "paid",
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
    live = next((one for one in listed if is_live(one)), None)
    return live or (listed[0] if listed else STATUSES[0])


def status_after(verb: str, schema: JsonSchema) -> str | None:
    """The status that a verb leads to: a listed one that begins as the verb does; its past form where none is listed.

    None where none of the listed ones fits.
    """
    past, listed = past_of(verb), _listed(schema)
    for form in (past, past.replace("cancelled", "canceled"), verb[:4]):
        found = next((one for one in listed if one.lower().startswith(form)), None)
        if found is not None:
            return found
    return None if listed else past


def is_live(status: str) -> bool:
    """Whether a status is one of a record that is not at an end."""
    return "_".join(words(status)) in _LIVE


def past_of(verb: str) -> str:
    """What something is after a verb: `cancelled` after `cancel`."""
    return _PAST.get(verb, f"{verb}d" if verb.endswith("e") else f"{verb}ed")


def status_among(verb: str, values: Sequence[str]) -> str | None:
    """The status that a verb leads to, among those that records have."""
    return status_after(verb, {"enum": list(values)}) if values else None


def _listed(schema: JsonSchema) -> list[str]:
    values = schema.get("enum")
    return [one for one in values if isinstance(one, str) and one] if isinstance(values, list) else []
