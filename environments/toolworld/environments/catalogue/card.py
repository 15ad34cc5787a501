"""The card of a pack: how it was made, from what, what was kept at each gate, and under which licence its source is."""

from collections.abc import Iterable
from pathlib import Path

from toolworld.environments.catalogue.pack import beside
from toolworld.environments.catalogue.statistics import statistics_of
from toolworld.environments.spec.environment import Environment
from toolworld.ground import Record, parse_record, read_bytes, write_atomically

CARD_SUFFIX = ".card.json"
"""What is added to the name of a pack for the file of its card."""


class Gate(Record):
    """A gate that what was asked for, or found, had to pass."""

    name: str
    kept: int
    of: int


class Origin(Record):
    """How a pack was made."""

    made_by: str
    """In a sentence."""
    source: str
    licence: str
    """Of the source."""
    gates: tuple[Gate, ...] = ()
    """In their order."""


UNKNOWN = Origin(made_by="not recorded", source="not recorded", licence="not recorded")


class PackCard(Record):
    """The card of a pack."""

    pack: str
    origin: Origin
    environments: int
    tools: int
    answered: int
    """Tools that a program answers."""
    records: int
    domains: dict[str, int]
    """How many environments are of each, the most frequent first."""


def save_origin(pack: Path, origin: Origin) -> None:
    """Write how a pack was made, beside it."""
    write_atomically(beside(pack, CARD_SUFFIX), origin.model_dump_json(indent=2).encode() + b"\n")


def origin_of(pack: Path) -> Origin:
    """How a pack was made, as far as it was recorded.

    Raises:
        RecordError: what stands beside it is not that.
    """
    place = beside(pack, CARD_SUFFIX)
    return parse_record(Origin, read_bytes(place), str(place)) if place.is_file() else UNKNOWN


def card_of(pack: Path, environments: Iterable[Environment]) -> PackCard:
    """The card of a pack, counted anew, with how it was made.

    Raises:
        RecordError: what stands beside it is not that.
    """
    counted = statistics_of(environments)
    return PackCard(
        pack=pack.name,
        origin=origin_of(pack),
        environments=counted.environments,
        tools=counted.tools,
        answered=counted.programmed,
        records=counted.records,
        domains=dict(counted.domains),
    )


def card_page(card: PackCard) -> str:
    """A card as Markdown."""
    origin = card.origin
    lines = [
        f"# {card.pack}",
        "",
        f"{card.environments:,} environments, {card.tools:,} tools ({card.answered:,} answered by a program), "
        f"{card.records:,} records.",
        "",
        f"- Made by: {origin.made_by}",
        f"- Source: {origin.source}",
        f"- Licence of the source: {origin.licence}",
        "",
    ]
    if origin.gates:
        rows = [f"| {one.name} | {one.kept:,} | {one.of:,} | {_share(one)} |" for one in origin.gates]
        lines += ["| gate | kept | of | share |", "|---|---|---|---|", *rows, ""]
    most = [f"{name} ({count})" for name, count in list(card.domains.items())[:_SHOWN]]
    more = f" and {len(card.domains) - _SHOWN} others" if len(card.domains) > _SHOWN else ""
    page = "\n".join([*lines, f"Domains: {', '.join(most)}{more}.", ""])
    return "".join(one for one in page if one.isprintable() or one == "\n")


_SHOWN = 10


def _share(gate: Gate) -> str:
    return f"{gate.kept / gate.of:.1%}" if gate.of else "-"
