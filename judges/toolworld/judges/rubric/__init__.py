"""Rubrics, by which language models judge what checks leave open."""
