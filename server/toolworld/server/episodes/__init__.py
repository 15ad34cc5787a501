"""Episodes: opening, calling, forking, replaying."""
