"""JSON-RPC over HTTP and over the socket: sessions, the list of tools, and calls."""

from toolworld.ground import JsonObject, ToolworldError
from toolworld.server.adapters.openenv.messages import Action, RpcRequest
from toolworld.server.adapters.openenv.session import NoRewardError, OpenEnvSession
from toolworld.server.adapters.openenv.sessions import Sessions, TooManySessionsError
from toolworld.server.error_answers import told

INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, SERVER_ERROR = -32600, -32601, -32602, -32000


async def answer_rpc(
    request: RpcRequest, sessions: Sessions, environment: str, own: OpenEnvSession | None = None
) -> JsonObject:
    """Answer a request.

    Args:
        request: The request.
        sessions: All sessions.
        environment: The environment that the request was sent to.
        own: The session of the socket that it came over; over HTTP the request names one.
    """
    try:
        match request.method:
            case "openenv/session/create":
                return _result(request, {"session_id": await sessions.open(environment)})
            case "openenv/session/close":
                return await _close(request, sessions, environment)
            case "tools/list" | "tools/call":
                return await _use_tools(request, sessions, environment, own)
            case "":
                return rpc_error(request.id, INVALID_REQUEST, "`method` is missing")
            case other:
                return rpc_error(request.id, METHOD_NOT_FOUND, f"there is no method {other[:100]!r}")
    except (ToolworldError, TooManySessionsError, NoRewardError) as problem:
        return rpc_error(request.id, SERVER_ERROR, told(problem))


async def _use_tools(
    request: RpcRequest, sessions: Sessions, environment: str, own: OpenEnvSession | None
) -> JsonObject:
    wanted = request.params.get("session_id")
    session = own if wanted is None else sessions.find(wanted, environment)
    if session is None and wanted is not None:
        return rpc_error(request.id, INVALID_PARAMS, "there is no such session")
    if request.method == "tools/list":
        return _result(request, {"tools": [*(session or OpenEnvSession(sessions.episodes, environment)).mcp_tools()]})
    if session is None:
        return rpc_error(request.id, INVALID_PARAMS, "`session_id` is missing: begin with openenv/session/create")
    action = Action(tool_name=str(request.params.get("name")), arguments=request.params.get("arguments") or {})
    async with session.lock:
        seen = (await session.step(action))["observation"]
    assert isinstance(seen, dict)
    error = seen["error"]
    if isinstance(error, dict):
        return _result(request, {"content": [{"type": "text", "text": error["message"]}], "is_error": True})
    return _result(request, seen["result"])


async def _close(request: RpcRequest, sessions: Sessions, environment: str) -> JsonObject:
    name = str(request.params.get("session_id"))
    if sessions.find(name, environment) is None:
        return rpc_error(request.id, INVALID_PARAMS, "there is no such session")
    if sessions.is_held(name):  # it ends with its socket
        return _result(request, {"session_id": name, "closed": False, "closing": True})
    await sessions.close(name)
    return _result(request, {"session_id": name, "closed": True})


def rpc_error(name: str | int | None, code: int, message: str) -> JsonObject:
    """An error as JSON-RPC has it."""
    return {"jsonrpc": "2.0", "id": name, "error": {"code": code, "message": message}}


def _result(request: RpcRequest, result: object) -> JsonObject:
    return {"jsonrpc": "2.0", "id": request.id, "result": result}  # type: ignore[dict-item]
