"""The command line: click commands, one file per subject. It only draws and words; tracker.reports has the figures."""
