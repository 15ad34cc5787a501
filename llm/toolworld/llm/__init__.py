"""Language models behind one seam: what is asked, what is answered, and what it costs."""

from toolworld.llm.answer_form import AnswerForm
from toolworld.llm.asking import ask
from toolworld.llm.budget import Budget, parse_budget
from toolworld.llm.cache import CompletionCache, open_cache
from toolworld.llm.ledger import Entry, Ledger
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.metered import MeteredModel
from toolworld.llm.model import Asked, Completion, Model, Refused, Request, Role, Structure, ToolDefinition
from toolworld.llm.models import ANNOUNCEMENT, Models, open_models
from toolworld.llm.patience import Patience
from toolworld.llm.prices import Price, PriceList, load_prices
from toolworld.llm.scripted_model import ScriptedAnswer, ScriptedModel, load_script
from toolworld.llm.usage import Usage

__all__ = [
    "ANNOUNCEMENT",
    "AnswerForm",
    "Asked",
    "Budget",
    "Completion",
    "CompletionCache",
    "Entry",
    "Ledger",
    "Message",
    "MeteredModel",
    "Model",
    "Models",
    "Patience",
    "Price",
    "PriceList",
    "Refused",
    "Request",
    "Role",
    "ScriptedAnswer",
    "ScriptedModel",
    "Structure",
    "ToolCall",
    "ToolDefinition",
    "Usage",
    "ask",
    "load_prices",
    "load_script",
    "open_cache",
    "open_models",
    "parse_budget",
]
