"""What a table pays for beside its key: search access paths, and services in force that cost more than they bring."""
