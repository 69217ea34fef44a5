"""The provider's own figures: usage and cost reports, fetched or from saved files, and token counts."""
