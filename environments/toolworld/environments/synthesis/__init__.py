"""Parts of environments that are generated."""
