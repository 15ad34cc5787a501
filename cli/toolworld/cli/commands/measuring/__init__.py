"""`toolworld evaluate` and `toolworld datasets`: how good datasets are, and what is done with whole ones."""
