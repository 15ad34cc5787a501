"""Load the exports of a dataset with Hugging Face's `datasets`, and print how many rows are the file's own.

Columns of rows that differ are filled with None, which is left out before rows are compared.
"""

import json
import sys
from pathlib import Path
from typing import Any

import datasets


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_none(inner) for name, inner in value.items() if inner is not None}
    return [without_none(inner) for inner in value] if isinstance(value, list) else value


folder, cache = Path(sys.argv[1]), sys.argv[2]
counts: dict[str, Any] = {"version": datasets.__version__}
for name in ("chat", "sharegpt"):
    path = folder / "export" / f"{name}.jsonl"
    loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=cache)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    equal = sum(without_none(one) == without_none(other) for one, other in zip(loaded, rows, strict=True))
    counts[name] = [equal, len(rows)]
counts["card"] = len(datasets.load_dataset(str(folder), "chat", split="train", cache_dir=cache))
sys.stdout.write(json.dumps(counts) + "\n")
