"""Calls, the events that log them, and the interface of the simulators that answer them."""
