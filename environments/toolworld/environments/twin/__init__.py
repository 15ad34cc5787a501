"""Twins of real MCP servers: what one was asked and answered, and a simulator that answers the same again."""
