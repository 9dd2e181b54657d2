"""Proposals after the proof: what was measured takes the place of what was predicted, and the keys are weighed anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from advisor.account import Account
from advisor.clustering import verdict
from advisor.clustering.candidates import ranked
from advisor.figures import number
from advisor.keys import parse
from advisor.model import Grade, Proposal, Proposed, Recommendation, Rejection, TableName, Target
from advisor.prover.ground import Key
from advisor.prover.proofs import Proof, Proving, TemplateProof
from advisor.recommenders import clustering_key

APART = 1.5  # predictions that the measurement differs from by more than this factor weren't to be relied on
TEMPLATES_SHOWN = 20

Proofs = Mapping[Key, Proof]


def table_of(target: Target) -> TableName:
    return TableName(target.database or "", target.schema or "", target.name)


def key_of(details: Mapping[str, object]) -> Key:
    """The key of a proposal or a rejection; empty where it has none, or one that no candidate can have."""
    expressions = details.get("clustering_key")
    parts = [parse(str(one)) for one in expressions] if isinstance(expressions, list) else []
    return () if None in parts else tuple(part for part in parts if part is not None)


def proven(proposed: Proposed, proving: Proving, found: Proofs, account: Account) -> Proposed:
    """What is proposed, with the keys of one table weighed as measured; those that weren't measured, as predicted."""
    table, judge = proving.table, proving.measuring
    before = [p for p in proposed.proposals if _is_key(p.recommendation, table)]
    passed = [r for r in proposed.rejections if _is_key(r, table)]
    known = [*(proposal.brief for proposal in before), *(rejection.details for rejection in passed)]
    keys = dict.fromkeys([*found, *map(key_of, known)])
    estimates = ranked(found[key].measured if key in found else proving.predicting.estimate(key) for key in keys)
    weighed = clustering_key.weigh(estimates, judge.profile, account, judge.settings)
    hoped = {key_of(proposal.brief) for proposal in before}
    passed_over = (*weighed.rejections, *_left_to_the_present(before, weighed))
    return Proposed(
        (
            *(proposal for proposal in proposed.proposals if proposal not in before),
            *(_measured(proposal, found) for proposal in weighed.proposals),
        ),
        (
            *(rejection for rejection in proposed.rejections if rejection not in passed),
            *(_noted(rejection, proving, found, hoped) for rejection in passed_over),
        ),
        proposed.judged,
    )


def _left_to_the_present(before: Sequence[Proposal], weighed: Proposed) -> list[Rejection]:
    """The keys of which nothing is said any more: where the one in force should stay, one rejection speaks for all candidates."""
    told = [*(proposal.brief for proposal in weighed.proposals), *(each.details for each in weighed.rejections)]
    keys = [key_of(each) for each in told]
    return [
        Rejection(
            each.recommendation.kind,
            each.recommendation.target,
            each.brief,
            "As measured, the key in force serves as well.",
        )
        for each in before
        if key_of(each.brief) not in keys
    ]


def why_withdrawn(recommended: Recommendation, rejections: Sequence[Rejection]) -> str:
    """Why what was predicted to be worth it isn't advised once it is measured."""
    own = (r for r in rejections if (r.kind, r.target) == (recommended.kind, recommended.target))
    said = (r.reason for r in own if all(recommended.details.get(name) == value for name, value in _brief(r).items()))
    return next(said, "As measured, it is no longer a candidate.")


def _brief(rejection: Rejection) -> dict[str, object]:
    return {name: said for name, said in rejection.details.items() if name != "proof"}


def _is_key(entry: Recommendation | Rejection, table: TableName) -> bool:
    return entry.kind == clustering_key.CODE and table_of(entry.target) == table and bool(key_of(entry.details))


def _measured(proposal: Proposal, found: Proofs) -> Proposal:
    recommendation = proposal.recommendation
    proof = found.get(key_of(recommendation.details))
    if proof is None:
        return proposal
    apart = _apart(proof)
    raised = replace(
        recommendation,
        details={**recommendation.details, "proof": document(proof)},
        grade=Grade.MEASURED,
        confidence="low" if apart else recommendation.confidence,
        warnings=(*recommendation.warnings, *apart, *_differing(proof)),
    )
    return replace(proposal, recommendation=raised, brief={**proposal.brief, "proof": document(proof, templates=0)})


def _apart(proof: Proof) -> list[str]:
    predicted, measured = _scanned(proof)
    if 1 / APART <= max(1.0, measured) / max(1.0, predicted) <= APART:
        return []
    return [
        f"The prediction, {number(predicted)} partitions a month, and the measurement, {number(measured)}, are far apart."
    ]


def _scanned(proof: Proof) -> tuple[float, float]:
    """Partitions a month, predicted and measured."""
    return proof.predicted.partitions.after.expected, proof.measured.partitions.after.expected


def _differing(proof: Proof) -> list[str]:
    if proof.results is None or not proof.results.differing:
        return []
    return [
        f"{proof.results.differing} of {proof.results.scans} sampled scans found other rows in the partitions that were kept "
        f"for them: their conditions were misread, and these figures can't be relied on."
    ]


def _noted(rejection: Rejection, proving: Proving, found: Proofs, hoped: set[Key]) -> Rejection:
    key = key_of(rejection.details)
    proof = found.get(key)
    if proof is None:
        return rejection
    reason = rejection.reason
    why = verdict.fault(proof.measured, proving.measuring.profile, proving.measuring.settings)
    if key in hoped and why is not None:
        predicted, measured = map(number, _scanned(proof))
        reason = (
            f"Measured on {proof.sampled_rows:,} rows sorted by this key it reads {measured} partitions a month where "
            f"{predicted} were predicted: {why[0].lower()}{why[1:]}"
        )
    return replace(rejection, reason=reason, details={**rejection.details, "proof": document(proof, templates=0)})


def document(proof: Proof, templates: int = TEMPLATES_SHOWN) -> dict[str, object]:
    """`details.proof`: partitions are per execution in `templates`, a month in `partitions_scanned_per_month`."""
    predicted, measured = proof.predicted, proof.measured
    content: dict[str, object] = {
        "sampled_rows": proof.sampled_rows,
        "statements": proof.statements,
        "predicted_from": proof.predicted_from,
        "partitions_scanned_per_month": {
            "before": measured.partitions.before,
            "predicted": predicted.partitions.after.expected,
            "measured": measured.partitions.after.expected,
        },
        "net_credits_per_month": {"predicted": predicted.net.expected, "measured": measured.net.expected},
    }
    if templates:
        content["templates"] = [_template(row) for row in proof.templates[:templates]]
        content["unmeasured"] = list(proof.unmeasured)
    if proof.results is not None:
        results = proof.results
        content["results"] = {
            "scans": results.scans,
            "by_their_own_text": results.by_own_text,
            "differing": results.differing,
        }
    return content


def _template(row: TemplateProof) -> dict[str, object]:
    return {
        "fingerprint": row.fingerprint,
        "executions": row.executions,
        "before": row.before,
        "predicted": row.predicted,
        "measured": row.measured,
        "ratio": row.ratio,
    }
