"""An OpenAI-compatible endpoint in a process of its own, which simulates the counters of the tests: rightly, slowly.

python -m tests.support.slow_endpoint PORT LATENCY SHARE_OF_FAULTS
"""

import asyncio
import hashlib
import json
import random
import re
import sys
import time
from collections import Counter
from typing import Any

from aiohttp import web

KEY = "Bearer none"


class SlowEndpoint:
    """Answers after its latency, or fails as endpoints do."""

    def __init__(self, latency: float, faults: float) -> None:
        self._latency = latency
        self._faults = faults
        self._chance = random.Random(0)
        self._tried: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._first = self._last = 0.0

    async def complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        question = hashlib.sha256(body).hexdigest()
        self._first = self._first or time.perf_counter()
        self._tried[question] += 1
        fault = self._chance.choice(["429", "500", "slow", "dropped"]) if self._chance.random() < self._faults else ""
        if fault and self._tried[question] == 1:
            self._failed[fault] += 1
            return await self._fail(request, fault)
        await asyncio.sleep(self._latency)
        self._answered[question] += 1
        self._last = time.perf_counter()
        content = json.dumps(_simulated(json.loads(body)["messages"][1]["content"]))
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": len(body) // 4, "completion_tokens": len(content) // 4}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"id": question, "choices": [choice], "usage": usage})

    async def _fail(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "429":
            return web.json_response({"error": {"message": "slow down"}}, status=429, headers={"Retry-After": "1"})
        if fault == "500":
            return web.json_response({"error": {"message": "oops"}}, status=500)
        if fault == "slow":
            await asyncio.sleep(60)
            return web.json_response({})
        response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"id": "cut')
        assert request.transport is not None
        request.transport.abort()
        return response

    async def tell(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "answered": sum(self._answered.values()),
                "answered_twice": sum(count - 1 for count in self._answered.values()),
                "failed": dict(self._failed),
                "seconds": self._last - self._first,
            }
        )


def _simulated(told: str) -> dict[str, Any]:
    """Answer a call of the counters' `add` out of the records that the prompt shows."""
    call = json.loads(told.rsplit("Call: ", 1)[1])
    fields = re.search(r"^counters \[(.*)\]$", told, re.MULTILINE)
    found = re.search(rf'^\["{re.escape(call["name"])}",.*\]$', told, re.MULTILINE)
    if found is None or fields is None:
        return {"error": {"code": "not_found", "message": "There is no such counter"}, "ops": [], "result": None}
    record = dict(zip(fields[1].split(", "), json.loads(found[0]), strict=True))
    count = record["count"] + call["amount"]
    op = {"op": "update", "collection": "counters", "key": call["name"], "fields": {"count": count}}
    return {"error": None, "ops": [op], "result": {**record, "count": count}}


def main() -> None:
    port, latency, faults = sys.argv[1:]
    endpoint = SlowEndpoint(float(latency), float(faults))
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    app.router.add_get("/stats", endpoint.tell)
    web.run_app(app, host="127.0.0.1", port=int(port), print=None, access_log=None, backlog=4096)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
