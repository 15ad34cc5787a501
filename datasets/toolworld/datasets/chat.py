"""OpenAI chat form: `messages` with `tools`, as fine-tuning and chat-completions endpoints take them."""

from typing import Any

from pydantic import JsonValue

from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment
from toolworld.ground import encode
from toolworld.llm import Message


def to_chat(trajectory: Trajectory, environment: Environment) -> dict[str, JsonValue]:
    """Give a trajectory as `{messages, tools}`; the policy is the system message."""
    system: dict[str, JsonValue] = {"role": "system", "content": environment.policy}
    messages: list[JsonValue] = [system, *(_message(message) for message in trajectory.messages)]
    return {"messages": messages, "tools": chat_tools(environment)}


def chat_tools(environment: Environment) -> list[JsonValue]:
    """Give the tools of an environment as function schemas."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in environment.tools
    ]


def _message(message: Message) -> dict[str, Any]:
    row: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        row["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": encode(call.arguments).decode()},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        row["tool_call_id"] = message.tool_call_id
    return row
