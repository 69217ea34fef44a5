"""Forecasts (MODEL sections 5 and 6): growth of the context, cost of the next calls, number of remaining calls."""
