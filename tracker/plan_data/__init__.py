"""What the plan model (tracker.model.plans) is given: the table of plans, the plan of the login, recorded days."""
