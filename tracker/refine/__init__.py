"""`tasks --refine`: a small model suggests starts, titles and status of tasks, on request and priced first."""
