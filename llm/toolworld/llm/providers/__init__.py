"""Where completions come from: OpenAI-compatible endpoints, and the small model that runs in this process."""
