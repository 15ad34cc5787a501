"""Strangers' texts and values as HTML, the templates, and the addresses of pages."""
