"""`tasks --refine`: a small model suggests starts, titles and status of tasks, when asked for and priced first."""
