"""`toolworld serve`: what it may be told, what it says, and how it serves."""
