"""A scripted model behind chat completions (streamed or not) and the Responses API, of the standard library alone."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _chat(turn, number):
    if isinstance(turn, str):
        return {"role": "assistant", "content": turn}, "stop"
    function = {"name": turn["name"], "arguments": json.dumps(turn["arguments"])}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}],
    }, "tool_calls"


def _item(turn, number):
    if isinstance(turn, str):
        content = [{"type": "output_text", "text": turn, "annotations": []}]
        told = {"type": "message", "role": "assistant", "content": content}
    else:
        arguments = json.dumps(turn["arguments"])
        told = {"type": "function_call", "call_id": f"call_{number}", "name": turn["name"], "arguments": arguments}
    return {**told, "id": f"item_{number}", "status": "completed"}


class _Handler(BaseHTTPRequestHandler):
    """Which turn is next follows from the conversation that is sent."""

    protocol_version = "HTTP/1.1"
    turns = ()

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        """List the one model."""
        self._send({"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self):
        """Take the next turn."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "responses" in self.path:
            self._respond(body)
            return
        done = sum(message["role"] == "assistant" for message in body["messages"])
        message, reason = _chat(self._turn(done), done)
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        base = {"id": f"c{done}", "created": 1, "model": "scripted"}
        if not body.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            self._send({**base, "object": "chat.completion", "choices": [choice], "usage": usage})
            return
        calls = [{"index": 0, **call} for call in message.get("tool_calls", ())]
        delta = {**message, "tool_calls": calls} if calls else message
        parts = [
            [{"index": 0, "delta": delta, "finish_reason": None}],
            [{"index": 0, "delta": {}, "finish_reason": reason}],
        ]
        chunks = [{**base, "object": "chat.completion.chunk", "choices": part} for part in parts]
        chunks.append({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        self._write(stream.encode(), "text/event-stream")

    def _respond(self, body):
        items = body["input"] if isinstance(body["input"], list) else []
        done = sum(one.get("type") == "function_call" or one.get("role") == "assistant" for one in items)
        details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        told = {"parallel_tool_calls": False, "tool_choice": "auto", "tools": body.get("tools") or []}
        usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15, **details}
        base = {"id": f"r{done}", "object": "response", "created_at": 1.0, "model": "scripted", "status": "completed"}
        self._send({**base, **told, "output": [_item(self._turn(done), done)], "usage": usage})

    def _turn(self, number):
        return self.turns[number] if number < len(self.turns) else "Goodbye."

    def _send(self, told):
        self._write(json.dumps(told).encode(), "application/json")

    def _write(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def endpoint(turns):
    """Serve a model that takes these turns, and give the port."""
    handler = type("Handler", (_Handler,), {"turns": tuple(turns)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
