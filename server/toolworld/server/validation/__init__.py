"""OpenEnv's checks of an environment, answered by playing it: the same ids, with evidence."""
