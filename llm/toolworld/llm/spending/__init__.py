"""What completions cost: budget, prices, ledger, and the cache that keeps any from being paid for twice."""
