"""One package per record format. Each finds its files and converts them into the same records (store.records)."""
