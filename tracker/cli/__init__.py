"""The command line: click commands, one file a subject. Drawing and wording only; figures come from tracker.reports."""
