"""Thresholds, prices and budgets, and where their values come from."""

from advisor.settings.sources import load
from advisor.settings.values import Settings, normal_size

__all__ = ["Settings", "load", "normal_size"]
