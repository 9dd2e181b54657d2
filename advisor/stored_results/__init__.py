"""Results kept ready: materialized views and dynamic tables, what they would answer, save and cost."""
