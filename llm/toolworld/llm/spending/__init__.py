"""The cost of completions: budget, prices, ledger, and a cache so that no request is paid for twice."""
