"""Programs that answer calls: the language, its host functions, and the worker processes for untrusted ones."""
