"""Checks of an environment: schemas, rules, and the program against its tools."""
