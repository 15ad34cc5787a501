"""Generating rows with a language model: prompts, replies read and checked, and so many rows as were asked for."""
