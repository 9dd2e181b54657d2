"""The nouns: frozen values that the stages hand to each other.

Units stand in the names (`_ms`, `_bytes`, `_credits`); shares are 0..1; a figure that is not known is None, never 0.
"""

from advisor.model.advice import (
    ZERO,
    Advice,
    Benefit,
    Change,
    Cost,
    Coverage,
    Grade,
    Range,
    Recommendation,
    Rejection,
    SnapshotInfo,
    Target,
    TemplateEvidence,
    ViewMissing,
)
from advisor.model.catalog import (
    Catalog,
    Churn,
    Column,
    ColumnStatistics,
    KeyPart,
    Table,
    TableHistory,
    TableName,
    TableScans,
)
from advisor.model.usage import FILTERS, ColumnUsage, Reading, Role, Value
from advisor.model.workload import Distribution, Execution, QueryTemplate, Skipped, WarehouseUse, Workload

__all__ = [
    "FILTERS",
    "ZERO",
    "Advice",
    "Benefit",
    "Catalog",
    "Change",
    "Churn",
    "Column",
    "ColumnStatistics",
    "ColumnUsage",
    "Cost",
    "Coverage",
    "Distribution",
    "Execution",
    "Grade",
    "KeyPart",
    "QueryTemplate",
    "Range",
    "Reading",
    "Recommendation",
    "Rejection",
    "Role",
    "Skipped",
    "SnapshotInfo",
    "Table",
    "TableHistory",
    "TableName",
    "TableScans",
    "Target",
    "TemplateEvidence",
    "Value",
    "ViewMissing",
    "WarehouseUse",
    "Workload",
]
