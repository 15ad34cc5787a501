"""Links that embeddings propose for parameters that no rule links: less sure, and never instead of a rule's."""

from collections.abc import Callable, Iterator, Sequence
from math import sqrt

from toolworld.environments.graph.links import Link, confidence_of_rule, unlinked
from toolworld.environments.graph.terms import Offer, offers
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Toolset
from toolworld.environments.normaliser.read import read_toolset
from toolworld.environments.normaliser.words import words

Embed = Callable[[Sequence[str]], Sequence[Sequence[float]]]
"""Vectors of texts, of any length."""
_MAX_SAID = 80


def proposed_links(toolset: Toolset, links: Sequence[Link], embed: Embed, *, at_least: float = 0.75) -> Iterator[Link]:
    """The field nearest in meaning to each required parameter that no link feeds.

    Args:
        toolset: The tools.
        links: The links that rules found.
        embed: Vectors of texts.
        at_least: The cosine from which a field is proposed.
    """
    readings = read_toolset(toolset)
    sources = [offer for one in toolset.operations for offer in offers(one, readings[one.name])]
    open_ones = [found for name, parameter in unlinked(toolset, links) if (found := _named(toolset, name, parameter))]
    if not sources or not open_ones:
        return
    vectors = [_unit(one) for one in embed([_said_of_offer(one) for one in sources])]
    asked = [_unit(one) for one in embed([_said_of_parameter(parameter) for _, parameter in open_ones])]
    for (operation, parameter), wanted in zip(open_ones, asked, strict=True):
        near = [
            (sum(a * b for a, b in zip(wanted, vector, strict=True)), offer.path, offer)
            for vector, offer in zip(vectors, sources, strict=True)
            if offer.operation != operation.name
        ]
        cosine, _, best = max(near, key=lambda one: one[:2], default=(0.0, "", sources[0]))
        if cosine >= at_least:
            yield Link(
                source=best.operation,
                field=best.path,
                target=operation.name,
                parameter=parameter.name,
                required=True,
                concept=f"{best.term.entity or 'value'}.{best.term.attribute or best.name}",
                rule="embedding",
                confidence=confidence_of_rule("embedding"),
            )


def _named(toolset: Toolset, name: str, parameter: str) -> tuple[Operation, Parameter] | None:
    """A parameter that holds a single value or a list of them, with its operation."""
    operation = next(one for one in toolset.operations if one.name == name)
    found = operation.parameter(parameter)
    return None if found is None or plain_type(found.schema) in ("boolean", "object") else (operation, found)


def _said_of_parameter(parameter: Parameter) -> str:
    return f"{' '.join(words(parameter.original))}: {parameter.description[:_MAX_SAID]}"


def _said_of_offer(offer: Offer) -> str:
    said = str(offer.schema.get("description") or "")[:_MAX_SAID]
    return f"{' '.join(offer.term.entity.split('_'))} {' '.join(words(offer.name))}: {said}"


def _unit(vector: Sequence[float]) -> list[float]:
    length = sqrt(sum(one * one for one in vector)) or 1.0
    return [one / length for one in vector]
