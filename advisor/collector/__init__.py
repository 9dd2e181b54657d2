"""Snowflake → snapshot folder. Runs the statements of `sql/` and nothing else; all of them only read.

collect      the run
connection   a named entry of connections.toml, opened
views        what ACCOUNT_USAGE holds, and who may read it
extracts     what to ask, and the file that each answer becomes
unsampled    which statements still lack a text, once the days are there
pool         a few statements at a time, each fetched whole or asked again
parts        an answer as a Parquet file that says what it answers
folder       the snapshot, built beside the old one and put in its place
doctor       what a role can read, and what the rest would unlock
"""
