"""The jobs that are printed: each parses, and what can run here runs, against a snapshot in a folder."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml

from advisor.cli.schedule import JOBS, PLACEHOLDER
from advisor.generator.metrics import openmetrics
from tests.advices import rich
from tests.commands import advisor
from tests.generator.test_exports import published


def printed(where: str, tmp_path: Path, connection: str = "prod-eu") -> str:
    done = advisor("schedule", where, "--connection", connection, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script with the advisor's command on the path."""
    path = f"{cwd / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script],
        cwd=cwd,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("where", JOBS)
def test_a_job_names_the_connection_and_no_placeholder(where: str, tmp_path: Path) -> None:
    text = printed(where, tmp_path)
    assert PLACEHOLDER not in text
    assert where == "grafana" or "prod-eu" in text


def test_a_connection_that_a_shell_would_read_is_refused(tmp_path: Path) -> None:
    done = advisor("schedule", "cron", "--connection", "x; rm -rf /", cwd=tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


# ---------------------------------------------------------------- cron


def test_the_script_runs_keeps_reports_and_tells_only_what_is_new(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "weekly.sh"
    script.write_text(printed("cron", tmp_path))
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0
    environment = {"SNAPSHOT": str(home / "snapshot"), "MIN_CREDITS": "0"}
    first = shell("sh weekly.sh", tmp_path, **environment)
    assert first.returncode == 1, first.stderr
    assert "new advice: clustering_key-" in first.stderr
    (report,) = (tmp_path / "reports").glob("????-??-??")
    assert (tmp_path / "reports" / "advisor.prom").read_text().endswith("# EOF\n")
    report.rename(tmp_path / "reports" / "2020-01-01")
    second = shell("sh weekly.sh", tmp_path, **environment)
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "reports" / "changes.md").read_text() == ""
    assert not (tmp_path / "reports" / ".running").exists()


def test_the_script_stops_where_another_run_is_on_and_passes_failures_on(tmp_path: Path) -> None:
    (tmp_path / "weekly.sh").write_text(printed("cron", tmp_path))
    (tmp_path / "reports" / ".running").mkdir(parents=True)
    assert shell("sh weekly.sh", tmp_path, SNAPSHOT="nowhere").returncode == 2
    (tmp_path / "reports" / ".running").rmdir()
    failed = shell("sh weekly.sh", tmp_path, SNAPSHOT="nowhere")
    assert (failed.returncode, "nowhere" in failed.stderr) == (2, True)


# ---------------------------------------------------------------- GitHub


def steps(tmp_path: Path) -> dict[str, dict[str, Any]]:
    workflow = yaml.safe_load(printed("github", tmp_path))
    assert workflow["permissions"] == {"contents": "write", "pull-requests": "write", "security-events": "write"}
    return {step.get("name", step.get("uses")): step for step in workflow["jobs"]["advise"]["steps"]}


def test_every_step_of_the_workflow_is_a_shell_script(tmp_path: Path) -> None:
    for step in steps(tmp_path).values():
        if "run" in step:
            assert subprocess.run(["sh", "-n"], input=step["run"], text=True, check=False).returncode == 0
            assert "secrets." not in step["run"]


def test_the_workflow_proposes_once_and_refreshes_after(home: Path, tmp_path: Path) -> None:
    """Its own steps in a checkout with a remote; of the tool that speaks to GitHub, what it is asked for is written down."""
    run = {name: step["run"] for name, step in steps(tmp_path).items() if "run" in step}
    environment = {
        "REPORT": "advisor-report",
        "BRANCH": "advisor/weekly",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "HOME": str(tmp_path),
    }
    work = tmp_path / "work"
    setup = "git init -q --bare remote.git && git clone -q remote.git work 2>/dev/null && cd work && git checkout -q -b main"
    assert shell(setup, tmp_path, **environment).returncode == 0
    shutil.copytree(home / "snapshot", work / "snapshot")
    (work / "bin").mkdir()
    (work / "bin" / "gh").write_text(
        '#!/bin/sh\necho "$@" >> ../asked\nif [ "$2" = list ] && [ -f ../open ]; then echo 1; fi\n'
    )
    (work / "bin" / "gh").chmod(0o755)
    for name in ("Analyze", "Compare", "Propose"):
        done = shell(run[name], work, **environment)
        assert done.returncode == 0, (name, done.stderr)
    asked = (tmp_path / "asked").read_text()
    assert asked.count("pr create") == 1
    assert "pr comment advisor/weekly --edit-last --create-if-none --body-file changes.md" in asked
    pushed = shell("git --git-dir remote.git ls-tree -r --name-only advisor/weekly", tmp_path).stdout.split()
    assert {"advisor-ledger.jsonl", "advisor-report/advice.json", "advisor-report/plan.md"} <= set(pushed)
    assert not [name for name in pushed if name.startswith(("snapshot", "before"))]
    for name in ("Analyze", "Compare", "Propose"):
        done = shell(run[name], work, **environment)
    assert (done.returncode, done.stdout) == (0, "nothing changed\n")


# ---------------------------------------------------------------- the others


def test_the_dag_compiles_and_its_commands_run(home: Path, tmp_path: Path) -> None:
    tree = ast.parse(printed("airflow", tmp_path))
    commands = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    environment = {"REPORTS": str(tmp_path / "kept"), "MIN_CREDITS": commands["ENVIRONMENT"]["MIN_CREDITS"]}
    shutil.copytree(home / "snapshot", tmp_path / "kept" / "snapshot")
    assert subprocess.run(["sh", "-n"], input=commands["COLLECT"], text=True, check=False).returncode == 0
    assert shell(commands["ANALYZE"], tmp_path, **environment).returncode in (0, 1)
    again = shell(commands["ANALYZE"], tmp_path, **environment)
    assert again.returncode == 0, again.stderr
    compared = shell(commands["COMPARE"], tmp_path, **environment)
    assert (compared.returncode, compared.stdout) == (0, "")


def test_the_task_is_sql_around_a_specification_in_yaml(tmp_path: Path) -> None:
    text = printed("snowflake-task", tmp_path)
    job = text.partition("EXECUTE JOB SERVICE")[2].partition(";")[0]
    assert "NAME =" not in job, "the next week's run would find the name of this week's taken"
    specification = yaml.safe_load(text.split("$$")[1])
    assert specification["spec"]["containers"][0]["command"] == ["/weekly.sh"]
    assert (
        len(
            [
                tree
                for tree in sqlglot.parse(
                    text.replace("$$", "'"), read="snowflake", error_level=sqlglot.ErrorLevel.IGNORE
                )
                if tree
            ]
        )
        >= 5
    )


def test_the_dashboard_asks_for_metrics_that_exist(tmp_path: Path) -> None:
    dashboard = json.loads(printed("grafana", tmp_path))
    known = set(re.findall(r"^# TYPE (\S+)", openmetrics(published(rich(), tmp_path)), re.MULTILINE))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"advisor_\w+", target["expr"])
    }
    assert asked
    assert asked - known <= {"advisor_net_credits_per_month", "advisor_build_credits"}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
