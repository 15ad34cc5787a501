"""A language model that answers calls, and the checks that its answers must pass."""
