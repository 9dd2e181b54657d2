"""What the split and the policy have in common."""

from __future__ import annotations

from advisor import history
from advisor.account import Account
from advisor.history import Cut
from advisor.model import (
    ZERO,
    Rejection,
    Service,
    Target,
)

CODE = "history_partitioning"


def services(cut: Cut, account: Account) -> tuple[Service, ...]:
    """What each reader saves once the old rows are out of its way."""
    saved = ((load.template.fingerprint, history.saved(load, cut, account)) for load in cut.look.bounded)
    return tuple(Service(fingerprint, cut.profile.table.name, each) for fingerprint, each in saved if each != ZERO)


def reject(cut: Cut, method: str, reason: str) -> Rejection:
    return Rejection(CODE, Target.table(cut.profile.table.name), history.brief(cut, method), reason)
