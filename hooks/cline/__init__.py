"""What runs inside Cline: a hook file an event for both generations of it, and a plugin for the newer one."""
