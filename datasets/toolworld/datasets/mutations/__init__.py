"""Changes that turn right calls into wrong ones."""
