"""The six screens, the opened task, and what lies over them: help, settings, questions."""
