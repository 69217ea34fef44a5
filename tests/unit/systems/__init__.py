"""Other systems than the one that runs the tests, as far as they can be shown here."""
