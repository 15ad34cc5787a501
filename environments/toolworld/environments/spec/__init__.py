"""What an environment is: frozen records with tools, policy rules, clock and fault profile."""
