"""Resources behind tools: pages, passages, documents, databases and tables, which calls look up and never change."""
