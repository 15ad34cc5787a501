"""Scripts with one mistake in them, each of which a judge has to catch."""
