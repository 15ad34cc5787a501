"""A store in an SQLite file or in memory: for one machine."""
