"""Advice (MODEL sections 7 and 8): what compacting and starting over save, when to say so, and whether it pays."""
