"""The format of an answer: one JSON Schema, and the dialects of it that decoders understand."""
