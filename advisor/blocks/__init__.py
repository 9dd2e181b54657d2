"""Statements cut into blocks that a stored result could answer, and the same statements over that result.

A block is one SELECT of a statement, wherever it stands: at the top, in a CTE, in a subquery, in a branch of a UNION. What is
stored for it is a Stored: the columns that it groups by, its aggregates, and the conditions that never change.
"""

from advisor.blocks.rewriting import NotServedError, rewritten
from advisor.blocks.statement import Block, Condition, Statement, study
from advisor.blocks.stored import Stored, column_names, definition, merged, projection, stored

__all__ = [
    "Block",
    "Condition",
    "NotServedError",
    "Statement",
    "Stored",
    "column_names",
    "definition",
    "merged",
    "projection",
    "rewritten",
    "stored",
    "study",
]
