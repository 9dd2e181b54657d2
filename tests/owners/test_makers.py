"""Tables that dbt, a task, a job or a definition makes: the change goes there, and no ALTER that would be lost is offered."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from advisor.analyzer import analyze
from advisor.cli import cli
from advisor.errors import InputError
from advisor.generator import generate
from advisor.model import Advice, Recommendation
from advisor.settings import Settings
from advisor.snapshot import open_snapshot
from tests.recommenders.test_clustering_key import ORDERS, by_customer, columns, runs
from tests.snapshots import START, query, write_snapshot

NODE = "model.shop.orders"
COMMENT = '/* {"app": "dbt", "dbt_version": "1.11.2", "profile_name": "shop", "target_name": "prod", "node_id": "model.shop.orders"} */'
BUILD = "create or replace transient table DB.PUBLIC.orders as (select * from raw.public.orders)"
MERGE = "merge into DB.PUBLIC.orders as DBT_INTERNAL_DEST using DB.PUBLIC.orders__dbt_tmp as DBT_INTERNAL_SOURCE on (DBT_INTERNAL_DEST.id = DBT_INTERNAL_SOURCE.id) when not matched then insert (id) values (id)"
MODEL = """{{
  config(
    materialized='table',
    tags=['nightly']
  )
}}

select *
from {{ source('raw', 'orders') }}"""


def made(text: str, times: int, kind: str = "CREATE_TABLE_AS_SELECT") -> list[dict[str, Any]]:
    return [query(text, i * (28 * 1440 // times), QUERY_ID=f"m-{i}", QUERY_TYPE=kind) for i in range(times)]


def manifest(folder: Path, code: str = MODEL, **config: Any) -> str:
    node = {
        "unique_id": config.pop("unique_id", NODE),
        "resource_type": config.pop("resource_type", "model"),
        "database": "db",
        "schema": "public",
        "name": "orders",
        "alias": "orders",
        "relation_name": "db.public.orders",
        "original_file_path": "models/marts/orders.sql",
        "raw_code": code,
        "config": {"materialized": "table"} | config,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps({"nodes": {NODE: node, "test.shop.x": {"resource_type": "test"}}}))
    return str(path)


def account(folder: Path, makers: list[dict[str, Any]], table: dict[str, Any] | None = None, **views: Any) -> Path:
    """ORDERS is asked by customer, which a key would serve well; `makers` is what writes it."""
    asked = runs(by_customer, 4000, 2000)
    dml = [
        {
            "START_TIME": START,
            "DATABASE_NAME": "DB",
            "SCHEMA_NAME": "PUBLIC",
            "TABLE_NAME": "ORDERS",
            "ROWS_ADDED": 1,
            "ROWS_REMOVED": 0,
            "ROWS_UPDATED": 0,
        }
    ]
    return write_snapshot(
        folder / "in", [*asked, *makers], [table or ORDERS], columns=columns("ORDERS"), table_dml_history=dml, **views
    )


def advised(source: Path, manifest: str | None = None) -> Advice:
    settings = Settings(dbt_manifest=manifest)
    with open_snapshot(source, settings) as snapshot:
        return analyze(snapshot, settings)


def written(source: Path, out: Path, manifest: str | None = None) -> tuple[Recommendation, str, dict[str, Any]]:
    """The recommendation, its script, and its entry of advice.json."""
    advice = advised(source, manifest)
    generate(advice, out)
    (recommendation,) = advice.recommendations
    (entry,) = json.loads((out / "advice.json").read_text())["recommendations"]
    return recommendation, (out / entry["script"]).read_text(), entry


def test_a_model_that_is_built_whole_gets_its_key_in_its_file(tmp_path: Path) -> None:
    change, script, entry = written(
        account(tmp_path, made(f"{BUILD}\n{COMMENT}", 28)), tmp_path / "out", manifest(tmp_path)
    )
    assert change.title == f"Cluster DB.PUBLIC.ORDERS by (CUSTOMER_ID) in dbt's {NODE}"
    assert "ALTER TABLE" not in script
    assert entry["statements"]["apply"] == entry["statements"]["revert"] == []
    assert "Nothing to run here: dbt's model.shop.orders makes the table anew with each run" in script
    assert '+    cluster_by=["CUSTOMER_ID"],' in entry["details"]["owner"]["patch"]
    assert any("dbt ends each build of the model with ORDER BY the key" in warning for warning in change.warnings)
    assert change.privileges == (f"a change to dbt's {NODE}",)
    assert change.cost.build_credits is not None
    assert change.cost.build_credits.high == 0
    assert change.cost.upkeep_credits_per_month is not None
    assert change.cost.upkeep_credits_per_month.low > 0


@pytest.mark.parametrize(("builds", "said"), [(0, 1), (28, 0)])
def test_a_build_that_the_history_does_not_show_is_assumed_and_said(tmp_path: Path, builds: int, said: int) -> None:
    makers = made(f"{BUILD}\n{COMMENT}", builds) if builds else []
    change, _, _ = written(account(tmp_path, makers), tmp_path / "out", manifest(tmp_path))
    assumed = "No build of the model is in the history: upkeep counts one in the window."
    assert change.warnings.count(assumed) == said


def test_the_patch_applies_to_the_projects_file(tmp_path: Path) -> None:
    source = account(tmp_path, made(f"{BUILD}\n{COMMENT}", 28))
    _, _, entry = written(source, tmp_path / "out", manifest(tmp_path))
    model = tmp_path / "project" / "models" / "marts" / "orders.sql"
    model.parent.mkdir(parents=True)
    model.write_text(f"{MODEL}\n")
    patch = tmp_path / "out" / Path(entry["script"]).with_suffix(".patch")
    git = ["git", "-C", str(tmp_path / "project"), "apply"]
    subprocess.run([*git, str(patch)], check=True)
    assert model.read_text() == MODEL.replace("config(\n", 'config(\n    cluster_by=["CUSTOMER_ID"],\n') + "\n"
    subprocess.run([*git, "-R", str(patch)], check=True)
    assert model.read_text() == f"{MODEL}\n"


def test_an_incremental_model_gets_both_the_key_and_the_patch(tmp_path: Path) -> None:
    source = account(tmp_path, made(f"{MERGE}\n{COMMENT}", 28, "MERGE"))
    change, script, entry = written(source, tmp_path / "out", manifest(tmp_path, materialized="incremental"))
    assert entry["statements"]["apply"] == ["ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]
    assert "-- +    cluster_by=" in script
    (trap,) = [warning for warning in change.warnings if "The model is incremental" in warning]
    assert "only when it builds the table whole (--full-refresh)" in trap
    assert change.cost.build_credits is not None
    assert change.cost.build_credits.expected > 0


def test_without_a_manifest_the_comment_names_the_model(tmp_path: Path) -> None:
    change, script, entry = written(account(tmp_path, made(f"{BUILD}\n{COMMENT}", 1)), tmp_path / "out")
    assert entry["statements"]["apply"] == []
    assert f"in dbt's {NODE}" in change.title
    assert '-- {{ config(cluster_by=["CUSTOMER_ID"]) }}' in script.replace("--   {{", "-- {{")
    assert entry["details"]["owner"]["file"] is None


def test_without_comments_dbts_own_names_tell(tmp_path: Path) -> None:
    change, _, entry = written(account(tmp_path, made(MERGE, 28, "MERGE")), tmp_path / "out")
    assert entry["details"]["owner"]["maker"] == "dbt"
    assert any("The model adds to its table" in warning for warning in change.warnings)


def test_a_comment_in_a_string_is_none(tmp_path: Path) -> None:
    build = f"create or replace table orders as select * from raw where note = '{COMMENT}'"
    _, _, entry = written(account(tmp_path, made(build, 28)), tmp_path / "out")
    assert entry["details"]["owner"]["maker"] == "job"


def test_a_jobs_statement_gets_the_clause(tmp_path: Path) -> None:
    change, script, entry = written(
        account(tmp_path, made("CREATE OR REPLACE TABLE orders COPY GRANTS AS\nSELECT * FROM raw", 28)),
        tmp_path / "out",
    )
    owner = entry["details"]["owner"]
    assert owner["maker"] == "job"
    assert "\n+CREATE OR REPLACE TABLE orders CLUSTER BY (CUSTOMER_ID) COPY GRANTS AS" in owner["patch"]
    assert "The statement as it is run, and as it should be:" in script
    assert any("A job recreates it" in warning for warning in change.warnings)


def test_a_task_is_named(tmp_path: Path) -> None:
    text = "CREATE OR REPLACE TABLE orders AS SELECT * FROM raw"
    task = {
        "DATABASE_NAME": "DB",
        "SCHEMA_NAME": "OPS",
        "NAME": "REBUILD",
        "QUERY_TEXT": text,
        "QUERY_START_TIME": START,
    }
    source = account(tmp_path, made(text, 28), task_history=[task])
    _, _, entry = written(source, tmp_path / "out")
    assert (entry["details"]["owner"]["maker"], entry["details"]["owner"]["name"]) == ("task", "task DB.OPS.REBUILD")


def test_a_dynamic_table_is_altered_as_one(tmp_path: Path) -> None:
    change, _, entry = written(account(tmp_path, [], {**ORDERS, "IS_DYNAMIC": "YES"}), tmp_path / "out")
    assert entry["statements"]["apply"] == ["ALTER DYNAMIC TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]
    assert entry["statements"]["revert"] == ["ALTER DYNAMIC TABLE DB.PUBLIC.ORDERS DROP CLUSTERING KEY"]
    assert any("not through CREATE OR REPLACE" in warning for warning in change.warnings)
    # Its definition alone writes it: there is no INSERT to sort it with.
    assert change.details["sorted_rewrite_credits"] is None
    assert not any("INSERT OVERWRITE" in warning for warning in change.warnings)


FILLED = "insert into DB.PUBLIC.orders (id) values (1)"


@pytest.mark.parametrize(
    ("kind", "warned", "shown"),
    [
        ("seed", "empties and fills the table, but --full-refresh makes it anew", "as its post_hook"),
        ("snapshot", "adds to the table and never builds it anew", "Nothing more to do there"),
    ],
)
@pytest.mark.parametrize("told", ["comment", "manifest"])
def test_a_seed_or_a_snapshot_is_dbts_and_keeps_what_an_alter_sets(
    tmp_path: Path, kind: str, warned: str, shown: str, told: str
) -> None:
    node = f"{kind}.shop.orders"
    comment = COMMENT.replace(NODE, node) if told == "comment" else ""
    named = (
        manifest(tmp_path, "", resource_type=kind, unique_id=node, materialized=kind) if told == "manifest" else None
    )
    source = account(tmp_path, made(f"{FILLED}\n{comment}", 28, "INSERT"))
    change, script, entry = written(source, tmp_path / "out", named)
    assert change.title == "Cluster DB.PUBLIC.ORDERS by (CUSTOMER_ID)"
    assert entry["statements"]["apply"] == ["ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]
    owner = entry["details"]["owner"]
    assert (owner["name"], owner["kind"], owner["config"], owner["patch"]) == (f"dbt's {node}", kind, None, None)
    assert any(warned in warning for warning in change.warnings)
    assert shown in script


def test_insert_overwrite_keeps_what_an_alter_sets(tmp_path: Path) -> None:
    _, _, entry = written(
        account(tmp_path, made("INSERT OVERWRITE INTO orders SELECT * FROM raw", 28, "INSERT")), tmp_path / "out"
    )
    assert entry["details"]["owner"] is None
    assert entry["statements"]["apply"] == ["ALTER TABLE DB.PUBLIC.ORDERS CLUSTER BY (CUSTOMER_ID)"]


def test_sorting_a_table_that_is_built_all_the_time_does_not_pay(tmp_path: Path) -> None:
    advice = advised(account(tmp_path, made(f"{BUILD}\n{COMMENT}", 5000)), manifest(tmp_path))
    assert not advice.recommendations


def test_a_statement_that_no_key_fits_in_is_a_rejection(tmp_path: Path) -> None:
    text = "CREATE OR REPLACE TABLE orders COPY GRANTS CLUSTER BY (region) AS SELECT * FROM raw"
    advice = advised(account(tmp_path, made(text, 28)))
    assert not advice.recommendations
    assert "A job recreates it" in " ".join(rejection.reason for rejection in advice.rejections)


def test_pages_and_explain_show_the_patch(tmp_path: Path) -> None:
    source = account(tmp_path, made(f"{BUILD}\n{COMMENT}", 28))
    out = str(tmp_path / "out")
    options = ["--snapshot", str(source), "--out", out, "--dbt-manifest", manifest(tmp_path), "-q"]
    assert CliRunner().invoke(cli, ["analyze", *options]).exit_code == 0
    line = '+    cluster_by=["CUSTOMER_ID"],'
    assert line in (tmp_path / "out" / "plan.md").read_text()
    assert line.replace('"', "&#34;") in (tmp_path / "out" / "report.html").read_text()
    (name,) = [each["id"] for each in json.loads((tmp_path / "out" / "advice.json").read_text())["recommendations"]]
    explained = CliRunner().invoke(cli, ["explain", name, "--advice", out])
    assert line in explained.output
    combined = (tmp_path / "out" / "apply.sql").read_text()
    assert (
        "Not here: scripts/001_clustering_key_DB_PUBLIC_ORDERS.sql: the change is where the table is defined"
        in combined
    )


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"nodes": []}', '{"nodes": {"a": 1}}'])
def test_what_is_no_manifest_is_one_line(tmp_path: Path, content: str) -> None:
    source = account(tmp_path, [])
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="is no dbt manifest"):
        advised(source, str(tmp_path / "manifest.json"))
    with pytest.raises(InputError, match="cannot read the dbt manifest"):
        advised(source, str(tmp_path / "none.json"))
