"""Protocols of other frameworks, spoken by this server itself: NeMo Gym's and OpenEnv's."""
