"""A world of pages for tests: works, people, towns and companies that refer to each other, drawn from a seed."""

import random
from collections.abc import Mapping
from pathlib import Path

_FIRST = "Ada Bruno Clara Dmitri Elin Farid Greta Hugo Ines Jonas Kaya Lars Mara Nils Olga Pavel Rosa Sven Tilda Yusuf"
_LAST = "Albrecht Brandt Castell Dorn Eklund Fontane Grieg Holm Ibsen Jansson Keller Lindt Moreau Novak Orsini Petrov"
_TOWN = "Alder Birch Cedar Dune Elm Fern Gorse Hazel Iris Juniper Kelp Larch Moss Nettle Oak Pine Quince Reed Sage"
_ENDS = "burg field ford haven mouth stead"
_WORK = "Amber Brass Copper Dusk Ember Frost Glass Hollow Ivory Jade Kingfisher Lantern Marble Needle Opal Paper Quarry"
_KINDS = "Bridge Clock Fountain Gate Hall Mill Organ Pier Statue Tower Viaduct Well"


def write_world(folder: Path, works: int, seed: int = 0) -> list[str]:
    """Write the pages, and give the names of the works.

    Args:
        folder: Where they are written.
        works: How many works there are, at most 204.
        seed: Decides who is who.
    """
    draw = random.Random(seed)
    people = [f"{first} {last}" for first in _FIRST.split() for last in _LAST.split()]
    towns = [f"{name}{end}" for name in _TOWN.split() for end in _ENDS.split()]
    names = [f"{one} {kind}" for kind in _KINDS.split() for one in _WORK.split()]
    draw.shuffle(people)
    draw.shuffle(towns)
    draw.shuffle(names)
    people, towns, names = people[: works + 20], towns[: works // 2 + 10], names[:works]
    for name in names:
        facts = {"Designed by": draw.choice(people), "Located in": draw.choice(towns)}
        _page(folder, name, {**facts, "Opened": draw.randint(1600, 1990)}, "It is open on Sundays.")
    for name in people:
        facts = {"Born in": draw.choice(towns), "Studied under": draw.choice([one for one in people if one != name])}
        _page(folder, name, {**facts, "Died": draw.randint(1650, 2000)}, "Letters survive.")
    for name in towns:
        facts = {"Mayor": draw.choice(people), "Founded": draw.randint(900, 1600)}
        _page(folder, name, {**facts, "Population": draw.randint(900, 90000)}, "A market is held on Fridays.")
    return names


def _page(folder: Path, name: str, facts: Mapping[str, object], body: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"<tr><th>{label}</th><td>{_linked(value)}</td></tr>" for label, value in facts.items())
    text = f"<h1>{name}</h1><table>{rows}</table><p>{body}</p>"
    (folder / f"{_file(name)}.html").write_text(text, encoding="utf-8")


def _linked(value: object) -> str:
    return f'<a href="{_file(value)}.html">{value}</a>' if isinstance(value, str) else str(value)


def _file(name: str) -> str:
    return name.lower().replace(" ", "-")
