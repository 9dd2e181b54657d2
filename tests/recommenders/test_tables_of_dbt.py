"""Tables that dbt makes: what stands outside the model is warned of where a full refresh loses it, and not advised where each run does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from advisor.model import Advice
from advisor.settings import Settings
from tests.recommenders import test_history_partitioning as history
from tests.recommenders import test_materialized_view as views
from tests.recommenders import test_search_optimization as searches
from tests.recommenders import test_storage_retention as storage
from tests.recommenders.accounts import advise, of, rejected
from tests.recommenders.test_clustering_key import ORDERS, columns, loads
from tests.snapshots import table


def split(folder: Path, settings: Settings) -> Advice:
    return history.mixed(folder, settings=settings)


def policy(folder: Path, settings: Settings) -> Advice:
    return history.advice(folder, history.readers(1500), settings=settings)


def paths(folder: Path, settings: Settings) -> Advice:
    asked = searches.by("id") + searches.by("mail") + searches.by("card")
    return searches.advice(folder, asked, settings=settings)


def view(folder: Path, settings: Settings) -> Advice:
    asked = views.asked(views.by_region) + loads(100_000)
    tables = [ORDERS, table("STAGING")]
    return advise(folder, asked, tables, settings, columns=columns("ORDERS"), column_statistics=views.KNOWN)


def retention(folder: Path, settings: Settings) -> Advice:
    kept = [storage.stored("STAGING", 100, 900, 50)]
    return storage.advice(folder, kept, [table("STAGING", RETENTION_TIME=30)], settings=settings)


def unread(folder: Path, settings: Settings) -> Advice:
    seen = storage.scanned("STAGING", storage.LONG_AGO + timedelta(days=90))
    return storage.advice(folder, [storage.stored("STAGING", 500)], table_pruning_history=seen, settings=settings)


def of_dbt(folder: Path, name: str, materialized: str) -> Settings:
    """Settings that name a manifest in which dbt makes DB.PUBLIC.`name`."""
    kind = materialized if materialized in ("seed", "snapshot") else "model"
    node = {
        "unique_id": f"{kind}.shop.it",
        "resource_type": kind,
        "relation_name": f"db.public.{name}",
        "config": {"materialized": materialized},
    }
    (folder / "manifest.json").write_text(json.dumps({"nodes": {node["unique_id"]: node}}))
    return Settings(dbt_manifest=str(folder / "manifest.json"))


Plant = Callable[[Path, Settings], Advice]
REJECTED = "rejected"
WARNED = "warned"
CASES: list[tuple[Plant, str, str, str, str, str]] = [
    (split, "events", history.KIND, "incremental", REJECTED, "would collide with the view, which it drops or fails on"),
    (split, "events", history.KIND, "snapshot", REJECTED, "would collide with the view, which it drops or fails on"),
    (split, "events", history.KIND, "seed", REJECTED, "would collide with the view, which it drops or fails on"),
    (split, "events", history.KIND, "table", REJECTED, "would collide with a view in the table's place"),
    (policy, "events", history.KIND, "incremental", WARNED, "the new table has no lifecycle policy"),
    (policy, "events", history.KIND, "table", REJECTED, "and lose a policy. Cut it in the model."),
    (paths, "sessions", searches.KIND, "incremental", WARNED, "search optimization is lost"),
    (paths, "sessions", searches.KIND, "table", REJECTED, "search optimization set here is lost with its next run"),
    (view, "orders", "materialized_view", "incremental", WARNED, "the view turns invalid"),
    (view, "orders", "materialized_view", "table", REJECTED, "a view on it is invalid after the next run"),
    (retention, "staging", storage.KIND, "incremental", WARNED, "its Time Travel is the schema's default again"),
    (retention, "staging", storage.KIND, "table", "patched", "transient=true"),
    (unread, "staging", storage.KIND, "incremental", "told", "its next run makes the table anew"),
    (unread, "staging", storage.KIND, "table", "told", "its next run makes the table anew"),
]


@pytest.mark.parametrize(
    ("plant", "name", "kind", "materialized", "outcome", "said"),
    CASES,
    ids=[f"{case[0].__name__} {case[3]}" for case in CASES],
)
def test_what_becomes_of_advice_on_a_model(
    tmp_path: Path, plant: Plant, name: str, kind: str, materialized: str, outcome: str, said: str
) -> None:
    advice = plant(tmp_path, of_dbt(tmp_path, name, materialized))
    if outcome == REJECTED:
        assert not of(advice, kind)
        assert said in rejected(advice, kind)
        return
    (change,) = of(advice, kind)
    if outcome == "patched":
        owner = change.details["owner"]
        assert isinstance(owner, dict)
        assert (owner["name"], owner["config"]) == ("dbt's model.shop.it", said)
        return
    assert said in " ".join(change.warnings)
    assert (outcome == WARNED) == any("at the next full refresh" in warning for warning in change.warnings)


@pytest.mark.parametrize("plant", [split, policy, paths, view, retention], ids=lambda plant: plant.__name__)
def test_a_table_that_is_nobodys_is_advised_without_a_word_of_dbt(tmp_path: Path, plant: Plant) -> None:
    advice = plant(tmp_path, Settings())
    assert advice.recommendations
    assert not any("dbt" in text for change in advice.recommendations for text in (change.reason, *change.warnings))
