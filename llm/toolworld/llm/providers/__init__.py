"""Providers of completions: OpenAI-compatible endpoints, and the small model that runs in this process."""
