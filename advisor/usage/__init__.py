"""How statements use columns: text and catalog in, Readings out. The only place that analyses SQL.

For readers of a Reading: a clause of one scan can exclude a partition only if each of its branches holds a usage that keeps
order and that excludes it; where one alternative of an OR says nothing of the scan, none of that clause's usages on it
keeps order. JOIN, GROUP and ORDER usages belong to no clause. `PREFIX` has one value; a bind variable or another unknown
constant leaves an EQUALITY without `values` and a RANGE without `low` and `high`.

`Reading.problem` is one of: does not parse · nests too deep · too long · truncated (what could be read is given) · takes too
long · crashes the reader · ran out of memory · too many views in views · no statement · several statements · kind of
statement not read · names a table by a variable (the others are given).
"""

from advisor.usage.pool import read_all
from advisor.usage.reading import Request, moves, read

__all__ = ["Request", "moves", "read", "read_all"]
