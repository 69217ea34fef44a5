"""Advice (MODEL sections 7 and 8): what compacting and starting over save, when to nudge, and whether nudges pay."""
