"""Environments without a model: composed from a catalogue of trades, and compiled as any other toolset."""
