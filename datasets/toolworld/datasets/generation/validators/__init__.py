"""What checks instances, each check with a reason of its own for what it rejects."""
