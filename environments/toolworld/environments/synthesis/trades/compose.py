"""Composing environments from trades: a variant of a trade, its tools, its state, its policy, compiled and checked."""

import random
import re
from collections.abc import Iterator, Sequence

from toolworld.environments.compiler.bulk import import_found
from toolworld.environments.importers.found_toolset import FoundToolset
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.policy_rule import Confirm
from toolworld.environments.synthesis.trades.trade import Entity, Trade, departments, fitting_trades, with_article
from toolworld.environments.synthesis.trades.trade_state import records_of
from toolworld.environments.synthesis.trades.trade_tools import operations_of

_PLACES = (
    "Ashford, Brookfield, Castleton, Dunmore, Eastwick, Fairhaven, Glenview, Harborough, Inverly, Juniper, Kingsmead, "
    "Lakeside, Millbrook, Northgate, Oakley, Pinehurst, Queensway, Ridgeway, Southbank, Thornbury, Upton, Valleyfield, "
    "Westbrook, Yarrow"
)
_START = "2026-03-02T09:00:00Z"
WHAT_A_MODEL_ADDS = (
    "A model would add what no catalogue of trades has: rules of this very field, texts that people wrote, and tools "
    "that are not records and their statuses."
)


def compose_environments(field: str, count: int, *, seed: int = 0) -> Iterator[Environment]:
    """Compose environments of a field, each of another trade or another variant of one.

    Args:
        field: What they are about, such as `dental practice`.
        count: How many.
        seed: Decides the variants and their records.
    """
    found = fitting_trades(field)
    start = 0 if found.is_known else random.Random(f"{seed}:{field}").randrange(len(found.trades))
    most = min(len(found.trades), _TRADES_OF_A_FIELD)
    for number in range(count):
        trade = found.trades[(start + number % most) % len(found.trades)]
        yield compose_environment(trade, field, number, seed=seed)


_TRADES_OF_A_FIELD = 3
"""From how many trades the environments of a field come, where so many fit."""


def compose_environment(trade: Trade, field: str, number: int, *, seed: int = 0) -> Environment:
    """Compose one environment: a variant of a trade with its own records.

    Args:
        trade: The trade.
        field: What it is made for; its domain.
        number: Which variant; others leave out other entities, and have other departments.
        seed: Decides the variant and its records.
    """
    draw = random.Random(f"{seed}:{trade.name}:{field}:{number}")
    variant = _variant(trade, number, draw)
    title = f"{draw.choice(_PLACES.split(', '))} {trade.name.title()}"
    kept_records = ", ".join(one.many.replace("_", " ") for one in variant.entities)
    toolset = Toolset(
        id=_identifier(f"{field[:40]} {trade.name} {seed} {number}"),
        title=title,
        domain=field,
        description=f"The desk of {with_article(trade.name)}: {kept_records}.",
        operations=operations_of(variant),
        states=(records_of(variant, f"{seed}:{trade.name}:{field}:{number}"),),
        start=_START,
    )
    made = import_found(FoundToolset(toolset, ()), seed=seed)
    kept = [one for one in made.tools if one.inferred is None or one.inferred.reach != "none"]
    writers = tuple(one.name for one in kept if one.effect == "write")
    confirm = Confirm(tools=writers, why=_CONFIRM)
    return made.replaced(tools=tuple(kept), policy=_policy(variant, title), rules=(confirm,))


_CONFIRM = "Before you change anything, say what you are about to do and wait for a clear yes."


def _variant(trade: Trade, number: int, draw: random.Random) -> Trade:
    """A trade with departments; from the second variant on without some entities that nothing refers to."""
    needed = {field.name for one in trade.entities for field in one.fields}
    loose = [one for one in trade.entities[2:] if one.name not in needed]
    left = draw.sample(loose, min(number % 3, max(len(loose) - 1, 0)))
    kept = tuple(one for one in trade.entities if one not in left)
    return trade.model_copy(update={"entities": kept + _of_departments(trade, draw)})


def _of_departments(trade: Trade, draw: random.Random) -> tuple[Entity, ...]:
    """The entities of some departments that a business of this trade may have."""
    possible = [one for one in departments() if not one.domains or trade.domain in one.domains]
    wanted = draw.randint(*_DEPARTMENTS)
    added: tuple[Entity, ...] = ()
    for one in draw.sample(possible, len(possible)):
        entities = one.serving(trade.entities[0])
        if wanted and not _have_one_name(entities, trade.entities + added):
            added += entities
            wanted -= 1
    return added


def _have_one_name(some: Sequence[Entity], others: Sequence[Entity]) -> bool:
    """Whether an entity of some is called as one of others, or as what is no reference to it there, or the reverse."""
    names, taken = {one.name for one in some}, {one.name for one in others}
    own = {field.name for one in some for field in one.fields} - {others[0].name}
    return bool(names & (taken | {field.name for one in others for field in one.fields}) or own & taken)


_DEPARTMENTS = (1, 3)
"""How many departments an environment has at least, and at most."""


def _policy(trade: Trade, title: str) -> str:
    served = trade.entities[0].thing
    made = [one for one in trade.entities if one.maker is not None]
    return "\n".join(
        [
            f"# {title}",
            "",
            f"You work at the desk of {title} and help one {served} in a conversation.",
            "",
            "## Before you change anything",
            "",
            _CONFIRM,
            "",
            "## What is possible",
            "",
            *_possible(made),
            "",
            "What a tool refuses stays refused: say why, and offer what is possible instead.",
            "",
        ]
    )


def _possible(entities: Sequence[Entity]) -> Iterator[str]:
    for one in entities:
        said = f"- {with_article(one.thing).capitalize()} begins as {one.first.replace('_', ' ')}"
        ways = [f"one that is {step.start} can be {step.status}" for step in one.steps]
        yield f"{said}; {', '.join(ways).replace('_', ' ')}." if ways else f"{said}."


def _identifier(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:90]
