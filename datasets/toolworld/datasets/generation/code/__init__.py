"""Code in text: fenced blocks, and whether it does what its tests want."""
