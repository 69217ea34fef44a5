"""What comes next (MODEL sections 5 and 6): growth of the context, cost of the next calls, how many are to come."""
