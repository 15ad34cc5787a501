"""OpenAI chat form: `messages` with `tools`, as fine-tuning and chat-completions endpoints take them."""

from toolworld.datasets.trajectory import Trajectory
from toolworld.environments import Environment
from toolworld.ground import JsonValue


def to_chat(trajectory: Trajectory, environment: Environment) -> dict[str, JsonValue]:
    """Give a trajectory as `{messages, tools}`; the policy is the system message."""
    system: dict[str, JsonValue] = {"role": "system", "content": environment.policy}
    messages: list[JsonValue] = [system, *(message.wire() for message in trajectory.messages)]
    return {"messages": messages, "tools": chat_tools(environment)}


def chat_tools(environment: Environment) -> list[JsonValue]:
    """Give the tools that the agent has in an environment as function schemas."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
        }
        for tool in environment.tools_of("agent")
    ]
