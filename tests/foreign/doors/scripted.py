"""What every script of this folder is given, and what it tells: rewards of runs, and what came of a void one.

The scripts run in the virtual environment of another framework, with toolworld-client and without toolworld.
"""

import json
import sys
from pathlib import Path
from typing import Any

URL, VOID_URL, FILE = sys.argv[1:4]
"""A server, one whose library cannot simulate renewals, and the runs to play."""
RUNS: list[dict[str, Any]] = json.loads(Path(FILE).read_text())
"""Each has a `task`, and `turns`: words for the user, or calls with `name` and `arguments`."""
VOID_RUN = RUNS[0]


def as_hermes(turn: Any) -> str:
    """A turn as models of the Hermes kind write it."""
    return turn if isinstance(turn, str) else f"<tool_call>\n{json.dumps(turn)}\n</tool_call>"


def tell(rewards: list[Any], void: Any, **more: Any) -> None:
    """Print what came of it."""
    print(json.dumps({"rewards": rewards, "void": void, **more}))
