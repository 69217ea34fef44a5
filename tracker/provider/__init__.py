"""The provider's own figures: its reports on usage and cost, asked for or saved, and its count of tokens."""
