"""A few samples of many that stand for all."""

from __future__ import annotations


def spread(rows: str, group: str, samples: str) -> str:
    """The SQL that takes no more than `samples` of each group of the rows, over all that the partitions scanned range over.

    A row stands for WEIGHT executions. They are laid end to end by partitions scanned and cut into strata of equal length;
    of those whose middle falls into a stratum one is taken, by chance and its weight, for all of them. Chance is the hash of
    its id: with rows of another week beside it, or without some, most of what was taken is taken again.
    """
    return f"""
WITH laid AS (
    SELECT *,
        sum(WEIGHT) OVER (PARTITION BY {group} ORDER BY PARTITIONS_SCANNED, md5(QUERY_ID) ROWS UNBOUNDED PRECEDING) AS UPTO,
        sum(WEIGHT) OVER (PARTITION BY {group}) AS TOTAL,
        count(*) OVER (PARTITION BY {group}) AS HELD
    FROM {rows}
),
strata AS (
    SELECT *, CASE WHEN HELD <= {samples} THEN UPTO ELSE (2 * UPTO - WEIGHT) * {samples} // (2 * TOTAL) END AS STRATUM
    FROM laid
)
SELECT * EXCLUDE (UPTO, TOTAL, HELD, STRATUM)
    REPLACE (CAST(sum(WEIGHT) OVER (PARTITION BY {group}, STRATUM) AS BIGINT) AS WEIGHT)
FROM strata
QUALIFY row_number() OVER (
    PARTITION BY {group}, STRATUM
    ORDER BY -ln((CAST(md5_number_lower(QUERY_ID) AS DOUBLE) + 1) / 18446744073709551617) / WEIGHT, md5(QUERY_ID), QUERY_ID
) = 1
"""
