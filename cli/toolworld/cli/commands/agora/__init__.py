"""`toolworld agora ...`: rows that language models write, and the comparison of models that write them."""
