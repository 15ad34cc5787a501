"""An OpenAI-compatible endpoint in a process of its own, which explores pages and writes questions, after its latency.

python -m tests.support.exploring_endpoint PORT LATENCY
"""

import asyncio
import json
import re
import sys
from typing import Any

from aiohttp import web

from toolworld.ground import JsonValue, digest
from toolworld.rollout import Action, Node, Seed
from toolworld.rollout.questions.chains import chains_of
from toolworld.rollout.questions.wording import draft_of

_STEP = re.compile(r"^Step \d+[^:]*: (\w+) (\{.*\})\nResult of step \d+: (.*)$", re.MULTILINE)


def answer(prompt: str, seed: int) -> JsonValue:
    """What the model says to a prompt."""
    start = re.search(r"(?:You start from|Exploration started from) this: (.*)", prompt)
    if start is None:
        return {"answer": "unknown"}
    path = [_node(place, found) for place, found in enumerate(_STEP.finditer(prompt))]
    if prompt.startswith("You explore"):
        return {"actions": _actions(start[1], path, int(re.findall(r"Propose (\d+) different", prompt)[-1]), seed)}
    chains = chains_of(path, Seed(content=start[1]), 3, seed)
    if not chains:
        return {"question": "", "answer": "", "reasoning_steps": []}
    drafted = draft_of(chains[seed % min(3, len(chains))], path, seed)
    steps: list[JsonValue] = [step.model_dump(exclude={"node"}) for step in drafted.reasoning_steps]
    return {"question": drafted.question, "answer": drafted.answer, "reasoning_steps": steps}


def _node(place: int, found: re.Match[str]) -> Node:
    try:
        result = json.loads(found[3])
    except ValueError:  # it was cut
        result = None
    return Node(
        id="s1/" + ".".join("0" * (place + 1)),
        episode="s1",
        step=place,
        action=Action(tool_name=found[1], parameters=json.loads(found[2])),
        observation=found[3],
        result=result,
        digest=digest(found[3]),
    )


def _actions(start: str, path: list[Node], width: int, seed: int) -> list[JsonValue]:
    """Visits of pages that the results lead to, the latest first."""
    if not path:
        return [_action("web_search", query=start), _action("web_search", query=f"{start} page")][:width]
    visited = {str(node.action.parameters.get("url")) for node in path}
    found: list[str] = []
    for node in reversed(path):
        urls = re.findall(r'"url":"([^"]+)"', node.observation)
        found += [url for url in urls if url not in visited and url not in found]
    turn = seed % 2 if len(path) > 1 else 0
    return [_action("web_visit", url=url) for url in found[turn : turn + width]]


def _action(tool: str, **parameters: JsonValue) -> JsonValue:
    return {"intent": "Look further.", "tool_name": tool, "parameters": parameters}


def main() -> None:
    """Serve."""
    port, latency = int(sys.argv[1]), float(sys.argv[2])

    async def complete(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        await asyncio.sleep(latency)
        prompt = str(body["messages"][0]["content"])
        content = json.dumps(answer(prompt, int(body.get("seed") or 0)))
        usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(content) // 4}
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"id": "x", "choices": [choice], "usage": usage})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/chat/completions", complete)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, backlog=4096)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
