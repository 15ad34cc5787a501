"""One set of options for several verbs: a frozen dataclass whose fields are the options."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, get_type_hints


def with_options(group: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a verb whose first parameter is a group of options one that has each of them as a parameter of its own.

    Args:
        group: A dataclass whose fields are annotated as typer wants it; fields without a default are required.
    """
    options, hints = fields(group), get_type_hints(group, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY

    def grouped(verb: Callable[..., None]) -> Callable[..., None]:
        own = [*inspect.signature(verb).parameters.values()][1:]

        def called(**given: Any) -> None:
            chosen = group(**{one.name: given.pop(one.name) for one in options})
            verb(chosen, **given)

        called.__name__, called.__doc__ = verb.__name__, verb.__doc__
        shared = [
            inspect.Parameter(
                one.name,
                keyword,
                annotation=hints[one.name],
                default=inspect.Parameter.empty if one.default is MISSING else one.default,
            )
            for one in options
        ]
        parameters = [*shared, *(one.replace(kind=keyword) for one in own)]
        called.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        return called

    return grouped
