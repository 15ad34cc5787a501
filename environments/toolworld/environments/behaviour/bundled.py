"""Which programs are bundled with toolworld, and so are trusted to run in this process."""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from toolworld.environments.spec.environment import BEHAVIOUR_FILE


def is_bundled(program: str) -> bool:
    """Whether a program came with toolworld, by its content."""
    return _digest(program) in _bundled_programs()


def with_distractors(program: str) -> str:
    """A program with the functions of the distractor tools, as fault profiles add them."""
    return f"{program}\n{_distractors()}"


@lru_cache(maxsize=1)
def _bundled_programs() -> frozenset[str]:
    """Digests of all bundled programs, with and without distractors."""
    room = Path(str(files("toolworld.environments")))
    programs = [path.read_text(encoding="utf-8") for path in sorted(room.rglob(BEHAVIOUR_FILE))]
    return frozenset(map(_digest, [*programs, *map(with_distractors, programs)]))


@lru_cache(maxsize=1)
def _distractors() -> str:
    folder = files("toolworld.environments.faults") / "distractors"
    return (folder / BEHAVIOUR_FILE).read_text(encoding="utf-8")


def _digest(program: str) -> str:
    return sha256(program.encode()).hexdigest()
