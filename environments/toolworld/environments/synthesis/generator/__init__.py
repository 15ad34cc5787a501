"""Growing environments from a field by a model, stage by stage: each reads lines and writes lines."""
