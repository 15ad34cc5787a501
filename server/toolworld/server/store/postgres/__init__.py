"""A store in a PostgreSQL database: for many servers on many machines."""
