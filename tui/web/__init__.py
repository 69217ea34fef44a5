"""The same dashboard in a browser: a page of our own around textual-serve, which loads nothing from elsewhere."""
