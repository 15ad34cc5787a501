"""Which party broke a run, if one did."""
