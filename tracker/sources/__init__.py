"""One package per record format. Each finds its files and turns them into the same records (store.records)."""
