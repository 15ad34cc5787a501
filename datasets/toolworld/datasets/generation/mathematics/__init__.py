"""Mathematics in text: final answers, whether two are the same, and whether what is calculated is right."""
