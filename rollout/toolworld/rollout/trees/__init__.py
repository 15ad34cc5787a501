"""Trees of explored actions: each branch a fork of its episode, so that no branch sees what another one did."""
