"""Writes the digests of toolworld's own environments, at release; `make trust` runs it.

With the folder of tau2's retail domain as argument, its digest is written anew as well; otherwise it stays.
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

from toolworld.environments.behaviour.trust import DIGESTS_FILE
from toolworld.environments.catalogue.find import builtin_folders
from toolworld.environments.catalogue.folder import load_folder
from toolworld.environments.importers.tau2 import import_tau2


def current_digests(retail: Path | None = None) -> dict[str, str]:
    """The digests of the built-in environments as they are now, and of tau2's retail domain where a folder is given."""
    environments = [load_folder(folder) for folder in builtin_folders().values()]
    if retail is not None:
        environments.append(import_tau2(retail))
    return {environment.id: environment.content_digest for environment in environments}


if __name__ == "__main__":
    path = Path(str(files("toolworld.environments.behaviour") / DIGESTS_FILE))
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    digests: dict[str, str] = known | current_digests(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    path.write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")
