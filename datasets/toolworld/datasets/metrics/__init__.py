"""Measures of datasets: small pure functions, each with its formula, its range and its direction."""
