"""How many micro-partitions a query scans: today, and once its table is sorted by a key."""
