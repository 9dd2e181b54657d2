#!/bin/sh
# Weekly advice: collect, analyze, compare with the last report, keep the new one.
#
#   17 5 * * 1  /opt/advisor/weekly.sh >>/var/log/advisor.log 2>&1        (crontab: Mondays, 05:17)
#
# Exit status: 0 nothing new, 1 new advice (cron mails what it prints), 2 something to fix, 3 the account is out of reach.
#
# From the environment, each with a default:
#   CONNECTION    entry of connections.toml
#   SNAPSHOT      a folder to analyze instead; then nothing is collected
#   REPORTS       where reports, ledger and metrics are kept
#   MIN_CREDITS   new advice below so many net credits a month is no news
#   PROGRAM       the advisor's command
set -eu
umask 077

CONNECTION=${CONNECTION:-CONNECTION_NAME}
REPORTS=${REPORTS:-reports}
MIN_CREDITS=${MIN_CREDITS:-10}
PROGRAM=${PROGRAM:-advisor}

mkdir -p "$REPORTS"

# One run at a time: a run that is still collecting goes on alone.
if ! mkdir "$REPORTS/.running" 2>/dev/null; then
    echo "weekly: $REPORTS/.running is there: another run is on, or died; then remove it" >&2
    exit 2
fi
trap 'rmdir "$REPORTS/.running"' EXIT

# Only what the snapshot lacks is asked for. `advisor track` compares two snapshots: keep a copy of this one when you apply a change.
if [ -z "${SNAPSHOT:-}" ]; then
    SNAPSHOT=$REPORTS/snapshot
    "$PROGRAM" collect --connection "$CONNECTION" --out "$SNAPSHOT"
fi

today=$(date -u +%Y-%m-%d)
new=$REPORTS/$today
old=
for report in "$REPORTS"/????-??-??; do
    if [ "$report" != "$new" ] && [ -f "$report/advice.json" ]; then
        old=$report
    fi
done

# The ledger knows what was advised before: only what is new fails the check.
status=0
"$PROGRAM" analyze --snapshot "$SNAPSHOT" --out "$new" --ledger "$REPORTS/advisor-ledger.jsonl" \
    --metrics "$REPORTS/advisor.prom" --check --min-credits "$MIN_CREDITS" || status=$?
if [ "$status" -gt 1 ]; then
    exit "$status"
fi

# What changed since the last report; nothing is printed where nothing did.
if [ -n "$old" ]; then
    "$PROGRAM" diff "$old" "$new" | tee "$REPORTS/changes.md"
fi
exit "$status"
