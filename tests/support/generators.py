"""Generators of known skill: scripted models that write problems, each request's own, whatever order they come in."""

import random
from collections.abc import Callable

from toolworld.llm import Request, ScriptedModel

# fmt: off
PEOPLE = (
    "Ada", "Bo", "Chidi", "Dara", "Emre", "Freya", "Goran", "Hana", "Ilse", "Juma", "Kaia", "Luca", "Mira", "Noor",
)
THINGS = (
    "pears", "stamps", "bolts", "candles", "ropes", "kites", "lamps", "drums", "seeds", "tiles", "maps", "coins",
    "bells", "boats", "jars", "clocks", "plums", "nails", "cards", "shells",
)
PLACES = (
    "market", "harbour", "workshop", "school", "orchard", "station", "museum", "bakery", "garden", "quarry", "theatre",
    "clinic", "mill", "farm", "library", "port",
)
VERBS = ("sorts", "packs", "counts", "paints", "sells", "buys", "repairs", "stacks", "weighs", "mends")
KINDS = ("red", "green", "small", "large", "heavy", "light", "old", "new", "round", "square", "rough", "smooth")
# fmt: on


def drawn_from(request: Request, salt: str = "") -> random.Random:
    """A chance that follows from what a request says alone."""
    return random.Random(salt + "\n".join(message.content or "" for message in request.messages) + str(request.seed))


def marked(instruction: str, response: str) -> str:
    """A reply with the usual markers."""
    return f"INPUT: {instruction}\nOUTPUT: {response}\n[END]"


def sum_problem(draw: random.Random, *, off_by: int = 0) -> tuple[str, str]:
    """A problem with its solution, which says the answer `off_by` too much."""
    first, second, third = (draw.randrange(11, 99) for _ in range(3))
    person, other = draw.sample(PEOPLE, 2)
    kind, thing, more, place, verb = map(draw.choice, (KINDS, THINGS, THINGS, PLACES, VERBS))
    instruction = draw.choice(
        (
            f"{person} {verb} {first} {kind} {thing} and {second} {more} at the {place}, and {other} brings {third} "
            f"{draw.choice(KINDS)} ones. How many are there?",
            f"At the {place} there were {first} {thing}. {person} {verb} {second} {kind} {more}, then {third} more "
            f"come from {other}'s {draw.choice(PLACES)}. What is the total?",
            f"{other} has {first} {kind} {thing}, {person} has {second}, and the {place} keeps {third} {more}. "
            f"{person} {verb} them all: how many?",
        )
    )
    total = first + second + third + off_by
    return instruction, f"{first} + {second} + {third} = {total}\n[RESULT]{total}[/RESULT]"


def writer(make: Callable[[random.Random], tuple[str, str]], name: str) -> ScriptedModel:
    """A model that writes problems."""
    return ScriptedModel(lambda request: marked(*make(drawn_from(request, name))), name)


def good_writer(name: str = "good") -> ScriptedModel:
    """Writes right solutions of problems that differ."""
    return writer(sum_problem, name)


def erring_writer(share: float = 0.3, name: str = "erring") -> ScriptedModel:
    """Writes a wrong solution in some cases; its answer contradicts what it calculates with."""
    return writer(lambda draw: sum_problem(draw, off_by=10 if draw.random() < share else 0), name)


def repeating_writer(name: str = "repeating") -> ScriptedModel:
    """Writes one of three problems again and again, rightly."""
    return writer(lambda draw: sum_problem(random.Random(draw.randrange(3))), name)
