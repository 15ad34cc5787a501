"""The durable store of episodes: an interface, and SQLite behind it."""
