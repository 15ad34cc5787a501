"""Programs of strangers in confined worker processes: what they may use up, and whose turn it is."""
