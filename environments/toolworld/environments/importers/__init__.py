"""Importers: environments from the data that other projects publish."""
