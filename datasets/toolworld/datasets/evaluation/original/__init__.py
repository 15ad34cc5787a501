"""The numbers of the original SynAE, its defects included."""
