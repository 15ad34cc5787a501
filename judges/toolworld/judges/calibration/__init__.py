"""How often a judge is right: measured on runs of which it is known whether they are right."""
