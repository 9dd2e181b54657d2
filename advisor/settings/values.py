"""Thresholds, prices and budgets.

Prices and multipliers are settings because Snowflake's documentation no longer prints them (reference: consumption table).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from advisor.model import Decision

# Standard warehouses, first generation. Sizes are spelt upper-case without spaces, dashes or underscores.
CREDITS_PER_HOUR = MappingProxyType(
    {
        "XSMALL": 1.0,
        "SMALL": 2.0,
        "MEDIUM": 4.0,
        "LARGE": 8.0,
        "XLARGE": 16.0,
        "2XLARGE": 32.0,
        "3XLARGE": 64.0,
        "4XLARGE": 128.0,
        "5XLARGE": 256.0,
        "6XLARGE": 512.0,
    }
)
# What a setting must not be below, where zero would stand for nothing that makes sense.
LEAST = MappingProxyType(
    {
        "min_partitions": 1,
        "partition_bytes": 1,
        "max_key_columns": 1,
        "payback_months": 0.1,
        "samples_per_template": 1,
        "parse_seconds": 0.01,
        "parse_bytes": 1,
        "truncated_at": 1,
        "merge_fan_in": 2,
        "max_changes": 1,
        "keys_weighed": 1,
        "proof_databases": 8,
        "proof_seconds": 0.1,
    }
)
LONGEST_VALID_DAYS = 3650
SIZE_ALIASES = MappingProxyType({f"{xs}LARGE": f"{n}XLARGE" for n in range(2, 7) for xs in ("X" * n, f"X{n}")})


@dataclass(frozen=True)
class Settings:
    """Everything that can be tuned; each has its unit in its name or its comment."""

    min_partitions: int = 100
    """A table with fewer micro-partitions gets no clustering key: there is nothing to skip."""
    partition_bytes: int = 16 * 2**20
    """Compressed size assumed of a micro-partition where the history never shows a table's partition count."""
    max_key_columns: int = 3
    """Snowflake's own advice is at most 3 to 4."""
    keys_weighed: int = 8
    """Keys of one table that are weighed against everything else; the others are rejected beside the table's own best."""
    min_net_credits_per_month: float = 0.0
    """A recommendation must bring more than this, expected, after upkeep and its share of the build."""
    payback_months: float = 12.0
    """The build's credits are spread over this many months."""
    budget_credits: float | None = None
    """All builds together may take no more than so many credits, expected."""
    max_changes: int | None = None
    """No more than so many changes are recommended: those that are best together."""
    decisions: tuple[Decision, ...] = ()
    """What people have decided about recommendations (`advisor/decisions.py`): shown as such, and no news to `--check`."""
    dbt_manifest: str | None = None
    """Path of dbt's target/manifest.json: names the file of each model whose table gets advice."""
    min_window_days: float = 7.0
    """A shorter history gives no more than low confidence: it may miss what runs on other days."""
    samples_per_template: int = 24
    """Executions kept of each template with their literals."""
    samples_read: int = 10_000
    """Of all samples so many are parsed for their literals: half of each template's, those that take most time first, then the
    other half; templates of which none is read are judged by one representative each."""
    parse_seconds: float = 2.0
    """A statement that takes longer to parse is given up and counted."""
    parse_bytes: int = 1_000_000
    """A longer statement isn't parsed; it is counted."""
    truncated_at: int = 100_000
    """QUERY_TEXT is cut at this many characters: a text this long is incomplete."""
    edition: str = "enterprise"
    """The account's: enterprise, or any above it, or standard, which has no materialized views, search optimization and query
    acceleration. No view of the account tells it."""
    default_warehouse_size: str = "XSMALL"
    """Prices a template whose executions name no warehouse size."""
    rewrite_credits_per_gib: tuple[float, float, float] = (0.003, 0.0064, 0.035)
    """Low, expected, high for rewriting one GiB of compressed partitions in order. From the published Snowflake
    cluster-key quickstart: 0.9e-4 (sorted rewrite) to 1.2e-4 (service) credits a 16 MB partition, 5.4e-4 the service's own
    upper bound; one public example, so calibrate on AUTOMATIC_CLUSTERING_HISTORY where the account has it."""
    merge_fan_in: float = 10.0
    """Runs that automatic clustering merges at a time; sets how often a row is rewritten after it arrives."""
    stored_share: float = 0.1
    """A materialized view or dynamic table must hold fewer rows than this share of its table's, at the pessimistic end."""
    stored_scan_share: float = 0.1
    """Nothing is stored for queries that read less than this share of their table's partitions on average …"""
    stored_scan: int = 1000
    """… unless they read this many each time."""
    views_weighed: int = 16
    """Aggregations of one table, those worth most, among which views that serve several are looked for."""
    rewritten_templates: int = 400
    """So many templates, those that take most time first, are searched for what a stored or rewritten form could serve."""
    rewritten_characters: int = 10_000
    """A longer statement isn't rewritten."""
    proof_databases: int = 200
    """Generated databases on which a rewritten query must return what the original returns."""
    proof_seconds: float = 20.0
    """A rewritten query that takes longer to be proven is given up and rejected for it."""
    refresh_warehouse: str = "COMPUTE_WH"
    """The warehouse that scripts name to refresh a dynamic table."""
    refresh_multiplier: tuple[float, float, float] = (1.0, 2.0, 10.0)
    """Low, expected, high of what serverless maintenance bills for the work that a warehouse does for one credit. No list
    price is printed any more: 2 to 10 are quoted; calibrate on MATERIALIZED_VIEW_REFRESH_HISTORY."""
    refresh_seconds: tuple[float, float, float] = (1.0, 3.0, 10.0)
    """Low, expected, high of the compute that one refresh takes however little has changed, at one credit an hour before
    `refresh_multiplier`: not published, so a guess."""
    advice_valid_days: int = 30
    """A script is meant to be applied within this many days of the window's end."""
    memory_limit: str = "700MB"
    """DuckDB's memory while it aggregates the history; beyond it, it spills to disk."""
    threads: int = 2
    cache_folder: str | None = None
    """Where what was read of templates, and what proofs came to, is kept for the next run; may be deleted at any time. The
    command line's default is the user's cache folder; `off` keeps nothing."""
    statements_per_day: int = 40
    """Statements of a day's history that the collector fetches executions of, with their texts: half of the chances go by the
    time that they took, half are alike. One that was left out on every day is represented by one execution."""
    samples_per_day: int = 2
    """Executions that it fetches of each of them."""
    questions_per_day: int = 200
    """Questions that were asked again, of which the collector fetches a day's figures: those that took most time."""
    statistics_gib: float = 20.0
    """The collector's statistics and row samples of tables may scan so much together, estimated before it asks."""
    statistics_days: int = 7
    """How long they, and the answers of Snowflake's own estimators, are good for, before the account is asked again."""
    what_if_calls: int = 30
    """Questions that the collector puts to Snowflake's own estimators, those on the best advice first; 0 for none."""
    connections: int = 4
    """Statements that the collector has running in the account at a time."""
    attempts: int = 4
    """How often the collector asks for one statement's result before it gives up."""
    retry_seconds: float = 1.0
    """The pause before the second attempt; it doubles with each further one."""
    request_seconds: int = 60
    """The longest that one request to Snowflake may go unanswered."""
    statement_seconds: int = 3600
    """The longest that one statement of the collector may queue and run in the account."""
    storage_price_per_tib_month: float | None = None
    """What a TiB stored for a month costs, in your currency. Snowflake bills storage in money: without this price and that of
    a credit, what storage is worth in credits is unknown."""
    price_per_credit: float | None = None
    """What a credit costs, in the same currency."""
    min_storage_gib: float = 50.0
    """Less storage than this isn't worth a change for its own sake."""
    min_cold_share: float = 0.3
    """History is set apart only where it is at least this share of a table's rows."""
    look_back_margin: float = 1.5
    """Rows stay at hand for this many times as long as any query of the window reached back, …"""
    min_hot_days: float = 90.0
    """… and for this many days at least: quarterly reports don't show in a shorter window."""
    archive_price_share: float = 0.5
    """What archived storage is taken to cost, as a share of the storage price. A cautious guess: the prices stand in
    Snowflake's consumption table alone, and the COLD tier costs a quarter of the COOL one."""
    history_ratio: float = 3.0
    """Time Travel and Fail-safe are out of proportion where they hold so many times what the table does."""
    unread_days: float = 180.0
    """A table is called unread where no scan of it is recorded for so long."""
    min_repeat_seconds: float = 600.0
    """A month's repeats of a question that take less than this aren't worth a change of its text."""
    min_uncached_repeats: int = 50
    """So many unchanged repeats without one answer from the cache say that it is off for their user."""
    repeats_read: int = 2_000_000
    """A raw history of more executions isn't searched for repeated questions, which takes reading all their texts: collect
    it, and the account does the work."""
    near_misses_kept: int = 20
    """Of a kind's candidates that failed for want of a remedy, so many are told."""
    search_min_distinct: int = 100_000
    """Values that a column must have for a search access path: documented as about 100,000 and more."""
    search_min_seconds: float = 1.0
    """How long look-ups must take on average to be worth a path: documented as a few seconds and more."""
    search_path_share: tuple[float, float, float] = (0.05, 0.12, 0.25)
    """Low, expected, high for what a search access path stores, as a share of the table; documented: about a quarter for
    all columns."""
    search_credits_per_gib: tuple[float, float, float] = (0.11, 0.22, 0.44)
    """Low, expected, high for building one GiB of search access paths: the example of the documented cost function, with
    the half to the double of it."""
    min_idle_share: float = 0.1
    """A warehouse whose suspension would save less than this share of its credits is left as it is."""
    min_timed_out_seconds: float = 3600.0
    """Less spent in a month on queries that their statement timeout ended isn't told."""
    min_spilled_gib: float = 100.0
    """Less spilled to remote storage in a month isn't told."""
    min_queued_seconds: float = 3600.0
    """Less waiting in a month isn't told."""
    min_accelerated_seconds: float = 600.0
    """A warehouse whose queries acceleration could relieve of less than this a month is passed over."""
    acceleration_scale_factor: int = 8
    """Snowflake's own default bounds what the acceleration service may cost."""
    credits_per_second_saved: float = 0.0
    """What it is worth to you that queries end a second earlier, beyond what their warehouse saves."""
    credits_per_hour: Mapping[str, float] = field(default_factory=lambda: CREDITS_PER_HOUR)
    """Per warehouse size; `advisor.toml` may override single sizes in a table of that name."""

    def price(self, size: str | None) -> float:
        """Credits per hour of a warehouse of that size; the default size's for one that is unknown."""
        normal = normal_size(size)
        if normal in self.credits_per_hour:
            return self.credits_per_hour[normal]
        return self.credits_per_hour[normal_size(self.default_warehouse_size)]


def normal_size(size: str | None) -> str:
    """One spelling for each size: `X-Small`, `XSMALL` and `x_small` are `XSMALL`, `XXLARGE` is `2XLARGE`."""
    plain = (size or "").upper().replace(" ", "").replace("-", "").replace("_", "")
    return SIZE_ALIASES.get(plain, plain)
