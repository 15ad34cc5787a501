"""The normaliser: from the tools that others describe to operations of which is known what they do, to what."""
