"""Facts in results: what is said of what, and where it stands, so that hops can be checked."""
