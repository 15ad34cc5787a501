"""What a part is, as JSON: its class and its settings, and nothing that differs from process to process."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import cast

from toolworld.ground import JsonValue, encode

_NOT_SETTINGS = frozenset({"draw"})
"""What a loader is told with each candidate."""


class NotOursError(Exception):
    """Something is of a class, or a function, of somebody else's, so that nobody can tell when it changes."""


def described(value: object, *, ours_only: bool = False) -> JsonValue:
    """A part, or a setting, as JSON.

    Args:
        value: The part.
        ours_only: Refuse what is not toolworld's own: its code may change while its settings do not.

    Raises:
        NotOursError: it is refused.
    """
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        return {str(name): described(one, ours_only=ours_only) for name, one in fields.items()}
    if isinstance(value, list | tuple):
        return [described(one, ours_only=ours_only) for one in cast("Sequence[object]", value)]
    if isinstance(value, set | frozenset):
        parts = [described(one, ours_only=ours_only) for one in cast("set[object]", value)]
        return sorted(parts, key=lambda one: encode(one))
    if isinstance(value, partial):
        held = cast("partial[object]", value)
        return [described(one, ours_only=ours_only) for one in (held.func, held.args, held.keywords)]
    if isinstance(value, re.Pattern):
        return str(cast("re.Pattern[str]", value).pattern)
    home = value.__module__ if isinstance(value, FunctionType) else type(value).__module__
    if ours_only and not home.startswith(("toolworld.", "pathlib")):
        raise NotOursError(home)
    if isinstance(value, FunctionType):
        return f"{home}.{value.__qualname__}"
    own = getattr(value, "described_as", None)
    if own is not None:  # a part that holds an environment, for instance, says itself what counts
        return cast(JsonValue, own)
    if not hasattr(value, "__dict__"):
        return repr(value)
    parts = {name: one for name, one in sorted(vars(value).items()) if name not in _NOT_SETTINGS}
    return [f"{home}.{type(value).__qualname__}", described(parts, ours_only=ours_only)]
