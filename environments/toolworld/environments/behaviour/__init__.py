"""Programs that answer calls: the language, its check and compiler, the host functions, and the engine."""
