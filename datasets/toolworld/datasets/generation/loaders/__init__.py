"""What prepares prompts: for new instances from demonstrations, and for rows that are given."""
