"""Plans, budgets and what-ifs: pure functions against hand-worked and simulated loads."""
