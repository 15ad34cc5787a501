"""Tasks made by doing: chains of calls sampled over the live state, and the request that they answer."""
