"""Reads agents' records, prices them, models what they mean, and explains it on the command line."""
