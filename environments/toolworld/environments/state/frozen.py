"""Records that cannot be changed: a state shares them among episodes and gives them to programs as they are."""

from typing import Any, Never, cast

from toolworld.ground import JsonValue

CHANGED_IN_PLACE = (
    "a record of the state cannot be changed in place; write `update(...)`, or make a new one: `record | {...}`"
)


def _refuse(*_: object, **__: object) -> Never:
    raise TypeError(CHANGED_IN_PLACE)


class FrozenDict(dict[str, JsonValue]):
    """A JSON object that cannot be changed. `|` and `copy` make ordinary ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = pop = popitem = clear = update = setdefault = cast(Any, _refuse)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle and copy by the content, since items cannot be set one by one."""
        return FrozenDict, (dict(self),)


class FrozenList(list[JsonValue]):
    """A JSON array that cannot be changed. Slices, `+` and `copy` make ordinary ones."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = cast(Any, _refuse)
    append = extend = insert = pop = remove = clear = sort = reverse = cast(Any, _refuse)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle and copy by the content, since elements cannot be appended one by one."""
        return FrozenList, (list(self),)


_MUTABLE = frozenset({dict, list, tuple})
"""What may hold something that can be changed."""


def freeze(value: Any) -> Any:
    """The value with every object and array in it frozen. What is frozen already is not copied."""
    kind = value.__class__  # not `isinstance`: what is frozen already is a subclass
    if kind is dict:
        return FrozenDict({name: freeze(inner) if type(inner) in _MUTABLE else inner for name, inner in value.items()})
    if kind is list:
        return FrozenList([freeze(inner) if type(inner) in _MUTABLE else inner for inner in value])
    if kind is tuple:
        return tuple(freeze(inner) for inner in value)
    return value
