"""Plans, limits and budgets (MODEL section 9): pure functions of recorded loads. Every figure here is modelled."""
