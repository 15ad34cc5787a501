"""Tasks evolved by models: turn by turn, each asked for, solved, simulated and judged, then told as one request."""
