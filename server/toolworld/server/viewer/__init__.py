"""Pages that show runs, environments and datasets to people: served, or written as static files."""
