"""Render the chat export of a dataset with three chat templates, and print how many conversations each takes.

Mistral's is that of its own package, which also checks what a conversation may look like; those of Hermes (Qwen 2.5)
and Llama 3.1 are written to their documentation.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

Row = dict[str, Any]
TEMPLATES = Path(__file__).parent


def mistral() -> Callable[[Row], str]:
    tokenizer = MistralTokenizer.v3()

    def render(row: Row) -> str:
        messages = [*row["messages"]]
        while messages[-1]["role"] != "user":
            messages.pop()  # it completes a conversation, so that a user has the last word
        request = ChatCompletionRequest.from_openai(messages=messages, tools=row["tools"])
        return tokenizer.encode_chat_completion(request).text or ""

    return render


def written(name: str) -> Callable[[Row], str]:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["fromjson"] = json.loads
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    template = environment.from_string((TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8"))
    return lambda row: template.render(messages=row["messages"], tools=row["tools"], add_generation_prompt=False)


def says_all(text: str, row: Row) -> bool:
    """Whether a text has every tool, and every call with its arguments."""
    calls = [call["function"] for one in row["messages"] for call in one.get("tool_calls") or ()]
    values = [value for one in calls for value in json.loads(one["arguments"]).values() if isinstance(value, str)]
    names = [one["function"]["name"] for one in row["tools"]] + [one["name"] for one in calls]
    plain = text.replace("▁", " ")
    return all(one in plain for one in [*names, *(json.dumps(value, ensure_ascii=False)[1:-1] for value in values)])


rows = [json.loads(line) for line in (Path(sys.argv[1]) / "export" / "chat.jsonl").read_text().splitlines()]
renderers = {"mistral": mistral(), "hermes": written("hermes"), "llama": written("llama")}
counts = {name: sum(says_all(render(row), row) for row in rows) for name, render in renderers.items()}
sys.stdout.write(json.dumps(counts) + "\n")
