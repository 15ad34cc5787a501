"""Pages by their paths: the same whether they are served or written as files."""
