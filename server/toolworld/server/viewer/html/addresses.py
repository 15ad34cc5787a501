"""Where pages lie: the same paths under the server and in a folder of static files.

Names of strangers are no parts of paths: what is not plain becomes a digest.
"""

import hashlib
import re
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_DIGESTED = re.compile(r"-[0-9a-f]{10}$")
"""How names end of which a digest is a part; one that ends so by itself gets a digest too."""
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def slug(name: str) -> str:
    """A name as a part of a path: itself where it is plain, else with a digest of it."""
    if _PLAIN.fullmatch(name) and not _DIGESTED.search(name):
        return name
    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", name)[:40].strip("-")
    return f"{readable or 'x'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:10]}"


def anchor(*names: str) -> str:
    """The HTML id of a place that names say, such as a collection and a key; letters that browsers decode are left."""
    return ".".join(_UNSAFE.sub(lambda hit: f"~{ord(hit[0]):x}~", name) for name in names)


def query(**values: str | int | None) -> str:
    """A query string of the values that are there, with its question mark; empty without any."""
    parts = [f"{name}={quote(str(value), safe='')}" for name, value in values.items() if value not in (None, "")]
    return f"?{'&'.join(parts)}" if parts else ""


def run_path(set_slug: str, run_slug: str, page: int = 1) -> str:
    """The page of a run; long runs have several."""
    return f"runs/{set_slug}/{run_slug}{'' if page == 1 else f'.p{page}'}.html"


def state_path(set_slug: str, run_slug: str, step: int) -> str:
    """The state of a run after so many calls."""
    return f"runs/{set_slug}/{run_slug}.state-{step}.html"


def environment_path(environment: str) -> str:
    """The page of an environment."""
    return f"environments/{slug(environment)}.html"


def initial_state_path(environment: str) -> str:
    """The page of the state in which every episode of an environment begins."""
    return f"environments/{slug(environment)}.state.html"


def task_path(task: str) -> str:
    """The page of a task."""
    return f"tasks/{slug(task)}.html"


def pair_path(one: tuple[str, str], other: tuple[str, str]) -> str:
    """The page on which two runs stand beside each other; each is named by its set and itself."""
    return f"pairs/{one[0]}/{one[1]}/{other[0]}/{other[1]}.html"


def comparison_path(one: str, other: str) -> str:
    """The page that compares two agents."""
    return f"compare/{slug(one)}/{slug(other)}.html"
