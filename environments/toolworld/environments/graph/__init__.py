"""Which output feeds which input: typed links between tools, and the graph that they make."""
