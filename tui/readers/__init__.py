"""Convert reports into the parts of a snapshot, one module a screen. They run on the feed's thread."""
