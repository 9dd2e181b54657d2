"""Reads a Snowflake account's query history and says which changes would save the most."""

__version__ = "0.1.0"
