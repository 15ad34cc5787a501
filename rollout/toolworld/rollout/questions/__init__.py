"""Questions over paths: written, checked, solved, and made into tasks."""
