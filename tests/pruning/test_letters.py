"""Texts in digits: how many beginnings of each length they have."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from advisor.clustering.candidates import ladder
from advisor.clustering.judge import Judge
from advisor.model import Column, ColumnStatistics, KeyPart
from advisor.pruning.axes import Axis
from advisor.pruning.ends import axis
from advisor.pruning.letters import letters
from benchmarks.worlds.cases import Case, Rows, Template, dates, texts
from benchmarks.worlds.outcomes import SHOWN
from benchmarks.worlds.synthetic import last_days
from benchmarks.worlds.told import told
from benchmarks.worlds.truth import SHOWN_DAYS, execute, truths

ROWS, PARTITIONS, DAYS, SEED = 60_000, 150, 400, 3
ASKED = [f"{n:016x}" for n in np.random.default_rng(SEED).integers(0, 2**62, 24).tolist()]


def ids(known: bool, asked: list[str]) -> Axis:
    ends = ColumnStatistics(50_000.0, "0" * 16, "3" + "f" * 15, 0.0)
    column = Column("ID", "TEXT", 1, ends if known else None)
    return axis("ID", column, 60_000.0, asked, (None, datetime(2026, 1, 5)), looked_up=True)


@pytest.mark.parametrize("known", [True, False])
def test_hashes_begin_with_the_digits_between_their_ends(known: bool) -> None:
    line = ids(known, ASKED)
    assert line.buckets(KeyPart("ID", substring=(1, 1))) == pytest.approx(4, rel=0.1)
    assert line.buckets(KeyPart("ID", substring=(1, 2))) == pytest.approx(64, rel=0.1)


def test_a_beginning_that_is_asked_for_is_no_value_between_the_ends() -> None:
    for known in (True, False):
        assert ids(known, [*ASKED, "d"]).buckets(KeyPart("ID", substring=(1, 1))) == pytest.approx(4, rel=0.1)


def test_words_are_taken_to_tell_ten_letters_apart() -> None:
    assert letters(["north", "south", "east", "west", "overseas", "unknown"], "", ("east", "west")) is None
    assert letters(["facade", "decade", "bead", "dead", "cafe", "face"], "", ("bead", "face")) is None
    line = Axis("REGION", "text", 0.1, 0.9, 5_000.0)
    assert line.buckets(KeyPart("REGION", substring=(1, 2))) == 100


def test_few_texts_tell_nothing() -> None:
    assert letters(["0a", "1b", "2c"], "") is None
    assert letters([ASKED[0]], "") is None


def test_codes_are_numbered_in_ten_digits() -> None:
    codes = [f"SKU-{n:06d}" for n in range(0, 1_000_000, 40_000)]
    assert letters(codes, "SKU-", ("SKU-000000", "SKU-960000")) == (10.0, 10.0)


def hashes() -> Case:
    """In the order of days, of which the latest are asked for; rows are looked up by hashes, which begin with 0 to 3."""
    rng = np.random.default_rng(SEED)
    keys = np.array([f"{n:016x}" for n in rng.integers(0, 2**62, ROWS)])
    day = dates("DAY", np.sort(rng.uniform(20_000, 20_000 + DAYS, ROWS)))
    return Case("hashes", (Rows("T", {"ID": texts("ID", keys), "DAY": day}, PARTITIONS),), (
        Template(lambda r, at: f"SELECT * FROM t WHERE id = '{r.choice(keys)}'", 100),
        Template(lambda r, at: f"SELECT COUNT(*) FROM t WHERE {last_days(at, 20)}", 100),
    ), 20_000 + DAYS)  # fmt: skip


@pytest.mark.parametrize("evidence", ["history", "statistics"])
def test_a_key_on_the_first_letter_reads_what_is_counted(evidence: str) -> None:
    case, key = hashes(), (KeyPart("ID", substring=(1, 1)), KeyPart("DAY"))
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    seen = truths(case, shown)
    each = told(case, shown, seen, SEED, evidence)["T"]
    assert (key[0] in ladder(each.profile, "ID")) == (evidence == "statistics")
    judge = Judge.of(each.profile, each.prices, each.settings, each.workload.days)
    counted = seen["T"].per_template(seen["T"].keyed(key))
    assert judge.estimate(key).after[0] == pytest.approx(counted[0], rel=0.15)


def test_texts_of_which_nothing_tells_have_no_beginnings_as_keys() -> None:
    case = hashes()
    shown = execute(case, SHOWN_DAYS, SHOWN, np.random.default_rng(SEED))
    made = told(case, shown, truths(case, shown), SEED, "statistics")["T"].profile
    untold = replace(made.layout, axes={**made.layout.axes, "ID": replace(made.layout.axes["ID"], letters=None)})
    assert ladder(replace(made, layout=untold), "ID") == (KeyPart("ID"),)
