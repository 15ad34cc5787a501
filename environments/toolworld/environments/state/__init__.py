"""State: records in collections, singletons, the ops that change them, and the checks that ops must pass."""
