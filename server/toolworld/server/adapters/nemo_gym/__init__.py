"""NeMo Gym's resources server (0.4): sessions by cookie, tools at the root, rewards at the end."""
