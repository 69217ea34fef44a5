"""What runs inside the agents: hook entry points, status line; `install` puts them there."""
