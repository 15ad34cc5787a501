"""Language models behind one interface: what is asked, what is answered, and what it costs."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolworld.llm.ask import FindProblem, ask
from toolworld.llm.formats.response_format import ResponseFormat
from toolworld.llm.message import Message, ToolCall
from toolworld.llm.model import Completion, Model, RejectedAnswer, Request, Role, ToolDefinition
from toolworld.llm.models import SMALL_MODEL_NOTICE, Models, open_models
from toolworld.llm.providers.embeddings import EMBEDDINGS_NEEDED, Embedder, load_embedder
from toolworld.llm.retry_policy import RetryPolicy
from toolworld.llm.scripted_model import ScriptedAnswer, ScriptedModel
from toolworld.llm.spending.budget import Budget, parse_budget
from toolworld.llm.spending.cache import CompletionCache, CompletionStore, open_cache
from toolworld.llm.spending.ledger import Ledger, LedgerEntry
from toolworld.llm.spending.prices import Price, PriceList, load_prices
from toolworld.llm.spending.shared_budget import SharedBudget, Spending, SpendingStore
from toolworld.llm.usage import Usage

if TYPE_CHECKING:
    from toolworld.llm.embedding.embedder import TextEmbedder, embed_texts
    from toolworld.llm.embedding.open import EMBEDDER_FORMS, open_embedder, usual_embedder
    from toolworld.llm.embedding.vector_cache import VectorCache, open_vector_cache

__all__ = [
    "FindProblem",
    # one request and its answer
    "Model",
    "Request",
    "Message",
    "ToolCall",
    "ToolDefinition",
    "ResponseFormat",
    "Completion",
    "Usage",
    # a request repeated until its answer can be used
    "ask",
    "RejectedAnswer",
    # models by name
    "Models",
    "open_models",
    "Role",
    "RetryPolicy",
    "SMALL_MODEL_NOTICE",
    # a model that answers from a script
    "ScriptedModel",
    "ScriptedAnswer",
    # sentences as vectors
    "Embedder",
    "load_embedder",
    "EMBEDDINGS_NEEDED",
    # many texts as vectors, by any model, through a cache
    "TextEmbedder",
    "embed_texts",
    "open_embedder",
    "usual_embedder",
    "EMBEDDER_FORMS",
    "VectorCache",
    "open_vector_cache",
    # what completions cost
    "Budget",
    "parse_budget",
    "Price",
    "PriceList",
    "load_prices",
    "Ledger",
    "LedgerEntry",
    "CompletionCache",
    "CompletionStore",
    "SharedBudget",
    "Spending",
    "SpendingStore",
    "open_cache",
]

_LOADED_LATER = {
    "TextEmbedder": "embedding.embedder",
    "embed_texts": "embedding.embedder",
    "open_embedder": "embedding.open",
    "usual_embedder": "embedding.open",
    "EMBEDDER_FORMS": "embedding.open",
    "VectorCache": "embedding.vector_cache",
    "open_vector_cache": "embedding.vector_cache",
}
"""What needs numpy, which takes longer to load than the rest."""


def __getattr__(name: str) -> Any:
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_LATER[name]}"), name)
