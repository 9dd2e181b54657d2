"""What every change for the result cache states in the same way."""

from __future__ import annotations

from collections.abc import Sequence

from advisor import cost
from advisor.account import Account
from advisor.cost import MS_PER_HOUR
from advisor.figures import percent
from advisor.model import Change, QueryTemplate, Range, TableName
from advisor.reuse.misses import Missed
from advisor.reuse.replay import Miss
from advisor.settings import Settings
from advisor.terms import hashes, monthly, valid_until

CODE = "result_cache"

SURE_SHARE = 0.5  # of the time that is told as saved, at least so much: a warehouse that runs anyway is billed anyway


def by_template(found: Sequence[Missed], miss: Miss, least: float) -> list[Missed]:
    """What the reason took of each template, whoever asked; the heavy ones alone."""
    sums: dict[str, Missed] = {}
    for each in found:
        if each.miss is miss:
            sums[each.fingerprint] = sums[each.fingerprint].plus(each) if each.fingerprint in sums else each
    return [each for _, each in sorted(sums.items()) if each.ms >= least]


def credits(ms: float, template: QueryTemplate, account: Account, settings: Settings) -> Range:
    """A month's credits of so many milliseconds in the window."""
    full = ms * monthly(account.workload) / MS_PER_HOUR * cost.rate(template, settings)
    return Range(full * SURE_SHARE, full, full)


def policies(names: Sequence[TableName], account: Account) -> tuple[str, ...]:
    tables = [account.catalog.tables[name] for name in sorted(set(names))]
    held = [str(table.name) for table in tables if table.row_policy or table.masked]
    if not held:
        return ()
    return (
        f"{' and '.join(held)} {'has' if len(held) == 1 else 'have'} policies: what they hide may differ by user or role, so that whether one "
        f"answer serves another's question needs checking.",
    )


def baseline(account: Account) -> str:
    rate = account.workload.result_cache_hit_rate
    return "" if rate is None else f"Today the cache answers {percent(rate)} of the account's queries."


def seconds_saved(ms: float, templates: Sequence[QueryTemplate], account: Account) -> Change:
    month = monthly(account.workload) / 1000
    spent = sum(template.execution_ms.total for template in templates) * month
    gone = min(spent, ms * month)
    return Change(spent, Range(spent - gone, spent - gone, spent - gone * SURE_SHARE))


def details(templates: Sequence[QueryTemplate], account: Account, settings: Settings) -> dict[str, object]:
    return {
        "fingerprints": sorted(template.fingerprint for template in templates),
        "hit_rate": account.workload.result_cache_hit_rate,
        "valid_until": valid_until(account.workload, settings),
        "hashes": hashes(templates),
    }
