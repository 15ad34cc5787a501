"""The text of programs: a function for each tool."""
