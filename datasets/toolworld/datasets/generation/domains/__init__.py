"""What toolworld brings for three domains: prompts, themes, seeds and checks; and readers of benchmarks' files."""
