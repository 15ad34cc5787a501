"""What the user agreed to: proposals, replies, and the calls that they cover."""
