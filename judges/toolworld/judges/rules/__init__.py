"""The rules of a policy, one kind a module: each yields evidence of what was kept, broken, or not heard."""
