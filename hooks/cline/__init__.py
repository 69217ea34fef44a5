"""Code that Cline runs: one hook file an event for both of its generations, and a plugin for the newer one."""
