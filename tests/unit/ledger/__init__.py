"""The ledger as a whole: captured sessions against their truth, order, interruption, damage, schema."""
