"""Who makes each table, and a change of it where it is made."""
