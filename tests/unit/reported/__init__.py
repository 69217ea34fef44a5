"""Tests of what stands beside the cost of a task: the agent's own figures, and requests that were refused."""
