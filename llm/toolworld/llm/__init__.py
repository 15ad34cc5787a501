"""What is said to and by a language model, and what it cost."""

from toolworld.llm.message import Message, ToolCall
from toolworld.llm.usage import Usage

__all__ = ["Message", "ToolCall", "Usage"]
