"""Code that agents run: hook entry points and the status line; `install` sets them up."""
