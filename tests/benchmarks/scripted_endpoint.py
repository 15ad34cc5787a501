"""An OpenAI-compatible endpoint in a process of its own, which answers with the turns of a script.

python -m tests.benchmarks.scripted_endpoint PORT FILE

FILE holds the assistant's messages of one run as a JSON list; a conversation that has n of them gets the next one.
"""

import sys
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TURNS: list[dict[str, Any]] = orjson.loads(Path(sys.argv[2]).read_bytes())


async def complete(request: Request) -> Response:
    asked = orjson.loads(await request.body())
    said = sum(message["role"] == "assistant" for message in asked["messages"])
    turn = TURNS[min(said, len(TURNS) - 1)]
    choice = {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in turn else "stop", "message": turn}
    usage = {"prompt_tokens": 1000, "completion_tokens": 20}
    return Response(orjson.dumps({"id": "1", "choices": [choice], "usage": usage}), media_type="application/json")


app = Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
