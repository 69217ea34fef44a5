"""The dashboard (Textual): a feed reads reports and rows on threads of its own, screens draw its snapshots."""
