"""The dashboard in a browser: our own page around textual-serve, which loads nothing from other hosts."""
