"""Where a table's history could be cut, whether it may be, and what its queries would save of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from advisor import cost, quoting
from advisor.account import Account
from advisor.cost import DAYS_PER_MONTH, MS_PER_HOUR
from advisor.errors import InputError
from advisor.figures import percent
from advisor.loads import Load
from advisor.lookback import LookBack
from advisor.model import ZERO, Maker, Owner, Range, TableName, Workload
from advisor.platform import foreign
from advisor.profile import TableProfile
from advisor.pruning.widths import UNSORTED
from advisor.settings import Settings
from advisor.terms import hashes, monthly, valid_until

TIER = "COOL"  # the tier that every cloud has; a table is bound to its tier for good
FOREVER_DAYS = 2_147_483_647  # the longest that ARCHIVE_FOR_DAYS takes: when it ends, archived rows are deleted
TIMES = ("DATE", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")
SPREAD = 1.5  # what a query reads of the hot table lies within this factor of the model's share
PARTITIONED = {
    "external": (
        "files are skipped by their paths alone, which the snapshot doesn't hold. Check them (SELECT DISTINCT METADATA$FILENAME): where they "
        "name the day, define it anew with PARTITION BY a column computed from METADATA$FILENAME, or with PARTITION_TYPE = USER_SPECIFIED and "
        "ADD PARTITION, and let queries ask for that column beside {column}"
    ),
    "iceberg": (
        "where Snowflake manages it, a new table with PARTITION BY (MONTH({column})), or DAY where a day fills files of its own, filled from "
        "this one, sets its history apart. Its "
        "columns' exact types and its volume, which that has to name, aren't in the snapshot: take them from GET_DDL, and check first who else "
        "reads or writes its files, and that Snowflake is its catalog (SHOW ICEBERG TABLES)"
    ),
}
ELSEWHERE = {
    "dynamic": "its rows follow from its query",
    "hybrid": "it has neither micro-partitions nor archive storage",
}


@dataclass(frozen=True)
class Cut:
    """Where a table's history would be cut, and what lies on either side."""

    profile: TableProfile
    look: LookBack
    boundary: datetime
    """The first moment of a month."""
    keep_days: int
    cold: float
    """The share of the rows before the boundary."""

    @property
    def cold_bytes(self) -> float:
        return self.cold * float(self.profile.table.bytes or 0)

    @property
    def column(self) -> str:
        return self.look.axis.column

    @property
    def ordered(self) -> bool | None:
        """Whether the table lies in the order of the column, so that time prunes already; None where no scan tells."""
        width = self.profile.layout.widths.get(self.column)
        return None if width is None else width < UNSORTED


def cut_of(profile: TableProfile, look: LookBack, workload: Workload, settings: Settings) -> Cut:
    days = max(look.days * settings.look_back_margin, settings.min_hot_days)
    at = workload.window_end - timedelta(days=days)
    boundary = datetime(at.year, at.month, 1)
    kept = (workload.window_end - boundary).days + 1
    return Cut(profile, look, boundary, kept, look.cold_share(boundary))


def obstacle(cut: Cut, settings: Settings) -> str | None:
    table = cut.profile.table
    for trait, how in PARTITIONED.items():
        if trait in table.traits:
            return f"It is an {trait} table: {how.format(column=cut.column)}. No script is written for that."
    for trait, why in ELSEWHERE.items():
        if trait in table.traits:
            return f"It is a {trait} table: {why}."
    elsewhere = foreign(table)
    if elsewhere is not None:
        return elsewhere
    if table.kind != "BASE TABLE" or table.traits & {"temporary", "event"}:
        return "It is no table whose rows could be set apart."
    if not _quotable(cut):
        return "A name of it can't be written as SQL: look at the snapshot's rows of it."
    described = table.column(cut.column)
    if described is None or described.data_type not in TIMES:
        return f"The snapshot doesn't say that {cut.column} is a date or a timestamp."
    if cut.profile.recreated_by is not None:
        return _recreated(cut.profile.recreated_by)
    if not cut.profile.understood:
        return "A statement that may read it is not understood, so how far back it is read is not known."
    if not cut.look.axis.known and table.created is None:
        return f"Neither statistics of {cut.column} nor the table's creation tell how far back it goes."
    return None


def _recreated(owner: Owner) -> str:
    if owner.maker is Maker.DBT:
        return f"{owner.recreates}: its next run would collide with a view in the table's place, and lose a policy. Cut it in the model."
    return f"{owner.recreates}: what it keeps is decided there."


def in_the_model(cut: Cut) -> str | None:
    """Why dbt or a job forbids a view in the table's place; None where neither defines it."""
    owner = cut.profile.owner
    if owner is not None and owner.resets:
        return f"{owner} defines it by CREATE OR ALTER TABLE: its next run would fail on a view in the table's place. Cut it there."
    if owner is None or owner.maker is not Maker.DBT:
        return None
    return (
        f"{owner} writes it: its next run would collide with the view, which it drops or fails on, for it wants a table under this name. "
        f"Cut it in the model."
    )


def unsplittable(cut: Cut) -> str | None:
    """Why its rows can't be copied into parts, as a sentence: LIKE copies no policy, and until one is set the parts
    hide nothing; whether it copies what a virtual column is computed by isn't documented.
    """
    table = cut.profile.table
    computed = [column.name for column in table.columns if column.virtual]
    if computed:
        return f"{min(computed)} is a virtual column: whether its parts would get it too needs checking."
    if not table.row_policy and not table.masked:
        return None
    policy = "a row access policy" if table.row_policy else f"a masking policy on {min(table.masked)}"
    return f"It has {policy}: its parts would show what that hides until it is set on them anew, for which no script is written."


def _quotable(cut: Cut) -> bool:
    try:
        quoting.qualified(cut.profile.table.name)
        for name in (cut.column, *(column.name for column in cut.profile.table.columns)):
            quoting.identifier(name)
    except InputError:
        return False
    return True


def already_pruned(cut: Cut) -> str:
    if cut.ordered is None:
        return f"No scan tells whether the table lies in the order of {cut.column}, so what a split would bring is not known."
    read = [load.before / cut.profile.partitions for load in cut.look.bounded if load.before is not None]
    share = percent(max(read)) if read else "few"
    return (
        f"Time prunes already: queries that begin at a moment of {cut.column} read at most {share} of its partitions."
    )


def hot_partitions(load: Load, cut: Cut) -> float:
    """What an execution is expected to read of the hot table: rows lie without order, so as large a share as of the whole."""
    return max(1.0, (load.before or 0.0) * (1 - cut.cold))


def saved(load: Load, cut: Cut, account: Account) -> Range:
    """Credits a month."""
    price = account.prices[load.template.fingerprint]
    if load.before is None or price is None:
        return ZERO
    after = hot_partitions(load, cut)
    fewer = [max(0.0, load.before - each) for each in (min(load.before, after * SPREAD), after, after / SPREAD)]
    runs = load.template.executions * monthly(account.workload)
    each_ms = (price.saved_ms.low, price.saved_ms.expected, price.saved_ms.high)
    amounts = [n * ms * runs * price.credits_per_hour / MS_PER_HOUR for n, ms in zip(fewer, each_ms, strict=True)]
    return Range(*amounts)


def moving(cut: Cut, settings: Settings) -> Range:
    """Credits a month to move a month's rows from the hot to the cold table: each is written twice more at most."""
    table = cut.profile.table
    rows = float(table.rows or 1)
    churn = cut.profile.churn
    arriving = churn.rows_added / rows if churn is not None else 1 / max(1.0, cut.look.age_days)
    return cost.rewrite(arriving * DAYS_PER_MONTH * float(table.bytes or 0), settings).scaled(2)


def partitions(cut: Cut, workload: Workload) -> tuple[float, Range]:
    """A month's partitions of the readers that begin at a moment, before and after."""
    loads = [load for load in cut.look.bounded if load.before is not None]
    runs = [load.template.executions * monthly(workload) for load in loads]
    before = sum((load.before or 0.0) * n for load, n in zip(loads, runs, strict=True))
    after = sum(hot_partitions(load, cut) * n for load, n in zip(loads, runs, strict=True))
    return before, Range(after / SPREAD, after, min(max(before, after), after * SPREAD))


def brief(cut: Cut, method: str) -> dict[str, object]:
    return {
        "tables": [str(cut.profile.table.name)],
        "cut": {"column": cut.column, "boundary": f"{cut.boundary:%Y-%m-%d}", "method": method},
    }


def parts(name: str) -> dict[str, str]:
    """What the script makes beside the table, by the role of each."""
    return {
        "hot": quoting.beside(name, "_HOT"),
        "cold": quoting.beside(name, "_COLD"),
        "old": quoting.beside(name, "_BEFORE_SPLIT"),
        "policy": quoting.beside(name, "_ARCHIVE"),
        "restored": quoting.beside(name, "_RESTORED"),
    }


def beside(cut: Cut) -> list[TableName]:
    table = cut.profile.table.name
    return [table._replace(name=name) for name in parts(table.name).values()]


def details(cut: Cut, method: str, workload: Workload, settings: Settings) -> dict[str, object]:
    table = cut.profile.table
    column = table.column(cut.column)
    return {
        **brief(cut, method),
        "look_back_days": cut.look.days,
        "keep_days": cut.keep_days,
        "cold_share": cut.cold,
        "cold_bytes": cut.cold_bytes,
        "column_type": column.data_type if column is not None else None,
        "columns": [each.name for each in sorted(table.columns, key=lambda each: (each.position, each.name))],
        "rows": table.rows,
        "partitions": cut.profile.partitions,
        "parts": parts(table.name.name),
        "archive_tier": TIER,
        "archive_for_days": FOREVER_DAYS,
        "valid_until": valid_until(workload, settings),
        "hashes": hashes(load.template for load in cut.look.bounded),
    }
