"""Many runs: planned, played, judged and resumed."""
