"""How statements use columns: text and catalog in, Readings out. The only place that analyses SQL."""

from advisor.usage.pool import read_all
from advisor.usage.reading import Request, read

__all__ = ["Request", "read", "read_all"]
