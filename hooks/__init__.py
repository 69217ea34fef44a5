"""What runs inside the agents: hook entry points, status line, installer."""
