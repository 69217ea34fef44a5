"""The dashboard (Textual): a feed reads reports and rows on its own threads, screens draw its snapshots."""
