"""Inputs of the plan model (tracker.model.plans): the table of plans, the login's plan, recorded days."""
