"""The card of a pack: how it was made, from what, what was kept at each gate, and under which licence its source is."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from toolworld.environments.catalogue.find import builtin_folders
from toolworld.environments.catalogue.pack import beside
from toolworld.environments.catalogue.statistics import statistics_of
from toolworld.environments.spec.environment import Environment
from toolworld.ground import Record, markdown_text, parse_record, read_bytes, write_atomically

MAX_CARD_BYTES = 16 << 20
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


OUR_LICENCE = "toolworld's own"
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
    return parse_record(Origin, read_bytes(place, most=MAX_CARD_BYTES), str(place)) if place.is_file() else UNKNOWN


def joined_origin(names: Sequence[str], made_by: str) -> Origin:
    """How a pack is made that is put together from others: what each says of itself, each licence once.

    Args:
        names: Folders, packs or built-in names.
        made_by: What puts them together.

    Raises:
        RecordError: what stands beside a pack is not how it was made.
    """
    origins = [_origin_of_name(name) for name in names]
    if len(origins) == 1 and origins[0].made_by != UNKNOWN.made_by:
        return origins[0]
    before = (one.made_by.removeprefix(made_by).removeprefix(_OF_PACKS) for one in origins)  # packed again and again
    makers = dict.fromkeys(each for one in before for each in one.split("; ") if each not in ("", UNKNOWN.made_by))
    return Origin(
        made_by=f"{made_by}{_OF_PACKS}{'; '.join(makers)}" if makers else made_by,
        source="; ".join(dict.fromkeys(one.source for one in origins)),
        licence="; ".join(dict.fromkeys(part for one in origins for part in one.licence.split("; "))),
        gates=tuple(gate for one in origins for gate in one.gates),
    )


_OF_PACKS = ", of packs made by "


def _origin_of_name(name: str) -> Origin:
    path = Path(name)
    if path.suffix == ".jsonl" and path.is_file():
        origin = origin_of(path)
        return origin if origin is not UNKNOWN else origin.model_copy(update={"source": path.name})
    is_ours = name in builtin_folders() and not path.is_dir()
    return UNKNOWN.model_copy(update={"source": path.name, "licence": OUR_LICENCE if is_ours else UNKNOWN.licence})


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
        f"# {markdown_text(card.pack)}",
        "",
        f"{card.environments:,} environments, {card.tools:,} tools ({card.answered:,} answered by a program), "
        f"{card.records:,} records.",
        "",
        f"- Made by: {markdown_text(origin.made_by)}",
        f"- Source: {markdown_text(origin.source)}",
        f"- Licence of the source: {markdown_text(origin.licence)}",
        "",
    ]
    if origin.gates:
        names = [markdown_text(one.name) for one in origin.gates]
        counts = [f"{one.kept:,} | {one.of:,} | {_share(one)}" for one in origin.gates]
        rows = [f"| {name} | {count} |" for name, count in zip(names, counts, strict=True)]
        lines += ["| gate | kept | of | share |", "|---|---|---|---|", *rows, ""]
    most = [f"{markdown_text(name)} ({count})" for name, count in list(card.domains.items())[:_SHOWN]]
    more = f" and {len(card.domains) - _SHOWN} others" if len(card.domains) > _SHOWN else ""
    return "\n".join([*lines, f"Domains: {', '.join(most) or 'none'}{more}.", ""])


_SHOWN = 10


def _share(gate: Gate) -> str:
    return f"{gate.kept / gate.of:.1%}" if gate.of else "-"
