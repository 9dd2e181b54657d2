"""How far the advice can be trusted: tables that the advisor has never seen, and the truth about them, counted.

`python -m benchmarks.worlds` makes each world, advises from each kind of evidence, and holds the advice against other weeks and
other literals than those it was made from. Baselines run on the same tables.
"""
