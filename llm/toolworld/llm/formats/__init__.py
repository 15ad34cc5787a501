"""Response formats: the JSON Schema of an answer, and its translation into the dialects that decoders support."""
