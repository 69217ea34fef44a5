"""The command line, by its commands and by real processes."""
