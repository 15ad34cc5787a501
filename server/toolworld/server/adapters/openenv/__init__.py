"""OpenEnv's protocol (0.10), for every environment: a socket for each session, calls by JSON-RPC, and the task API."""
