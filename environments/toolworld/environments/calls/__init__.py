"""A call, what came of it, and the interface of whatever answers it."""
