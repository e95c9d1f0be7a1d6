"""How much participants may ask, and what is counted of them; over all workers of one host together."""
