"""How each tool is answered: its template, and what its parameters are for."""
