"""An environment whose texts are those of a stranger who means harm: markup, control codes, turned writing."""

import json
import shutil
from pathlib import Path
from typing import Any

from toolworld.environments import find_folder

MARK = "qzq[/nope][red]"
"""What has to be shown as it is, wherever `qzq` is shown."""
HOSTILE = MARK + "[link=http://evil.example]\x1b]0;title\x07\x1b[2J\x9b31m\u202eevil\u2066"
UNSAFE = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\x08", "\x7f")


def hostile_folder(folder: Path, source: str = "library") -> Path:
    """A copy of a built-in environment, with hostile words in every text that its author is free to choose."""
    shutil.copytree(find_folder(source), folder)
    spec: dict[str, Any] = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    for name in ("title", "description", "domain"):
        spec[name] += HOSTILE
    for tool in spec["tools"]:
        tool["description"] += HOSTILE
        for error in tool.get("errors", ()):
            error["when"] += HOSTILE
        for shape in tool["input_schema"].get("properties", {}).values():
            shape["description"] = HOSTILE
    for rule in spec.get("rules", ()):
        rule["why"] += HOSTILE
    (folder / "environment.json").write_text(json.dumps(spec), encoding="utf-8")
    policy = folder / "policy.md"
    policy.write_text(policy.read_text(encoding="utf-8") + f"\n- Never {HOSTILE}.\n", encoding="utf-8")
    tasks = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    for task in tasks:
        task["request"] += HOSTILE
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    return folder
