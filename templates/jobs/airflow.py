"""Weekly advice as an Airflow DAG: collect, analyze, compare. Save it in the DAG folder of an Airflow from 2.4 on.

The worker needs the advisor (`pip install 'advisor[snowflake]'`), an entry CONNECTION_NAME in its connections.toml, and a
folder REPORTS that outlives the run.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

ENVIRONMENT = {
    "CONNECTION": "CONNECTION_NAME",
    "REPORTS": "/var/lib/advisor",
    "MIN_CREDITS": "10",
}

COLLECT = 'mkdir -p "$REPORTS" && advisor collect --connection "$CONNECTION" --out "$REPORTS/snapshot"'

# Last week's report is kept as `before`, so that the comparison can be repeated. Exit 1 says that there is new advice: the
# task fails, and whoever is alerted for a failed task reads the plan. Anything above 1 is a failure of the run itself.
ANALYZE = """
set -eu
if [ -f "$REPORTS/now/advice.json" ]; then rm -rf "$REPORTS/before" && cp -R "$REPORTS/now" "$REPORTS/before"; fi
advisor analyze --snapshot "$REPORTS/snapshot" --out "$REPORTS/now" --ledger "$REPORTS/advisor-ledger.jsonl" \
    --metrics "$REPORTS/advisor.prom" --check --min-credits "$MIN_CREDITS"
"""

# Runs whatever the check said; nothing is printed where nothing changed.
COMPARE = """
set -eu
if [ -d "$REPORTS/before" ]; then advisor diff "$REPORTS/before" "$REPORTS/now" | tee "$REPORTS/changes.md"; fi
"""

with DAG(
    dag_id="advisor_weekly",
    description="Which changes to the Snowflake account would save the most",
    schedule="17 5 * * 1",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"execution_timeout": timedelta(hours=2)},
) as dag:
    collect = BashOperator(
        task_id="collect",
        bash_command=COLLECT,
        env=ENVIRONMENT,
        append_env=True,
        retries=2,
        retry_delay=timedelta(minutes=30),
    )
    analyze = BashOperator(task_id="analyze", bash_command=ANALYZE, env=ENVIRONMENT, append_env=True)
    compare = BashOperator(
        task_id="compare", bash_command=COMPARE, env=ENVIRONMENT, append_env=True, trigger_rule="all_done"
    )
    collect >> analyze >> compare
