"""Documented errors as conditions of programs."""
