"""Where episodes live, behind one interface."""
