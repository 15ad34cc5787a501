"""Load Parquet with Hugging Face's `datasets`, one folder of splits and one file, and print what is in them."""

import json
import sys

import datasets

folder, file, cache = sys.argv[1:4]
splits = datasets.load_dataset(folder, cache_dir=cache)
runs = datasets.load_dataset("parquet", data_files=file, split="train", cache_dir=cache)
row = runs[0]
told = {
    "version": datasets.__version__,
    "splits": {name: len(rows) for name, rows in splits.items()},
    "environments": {name: sorted(set(rows["environment"])) for name, rows in splits.items()},
    "prompt": [message["role"] for message in splits["train"][0]["prompt"]],
    "runs": len(runs),
    "roles": sorted({message["role"] for message in row["messages"]}),
    "arguments": sorted(
        {type(call["function"]["arguments"]).__name__ for m in row["messages"] for call in m["tool_calls"] or []}
    ),
    "tools": len(json.loads(row["tools"])),
    "rewards": sorted(set(runs["reward"])),
    "columns_are_the_same": runs.column_names == splits["train"].column_names,
}
sys.stdout.write(json.dumps(told) + "\n")
