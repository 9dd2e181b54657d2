-- Weekly advice inside the account: a task that runs the advisor's container as a job service. Nothing here has been run by the
-- advisor; read it, replace the names, run it with a role that may create the objects.
--
-- Before: build an image with `pip install 'advisor[snowflake]'` and /weekly.sh (advisor schedule cron), and push it to the
-- image repository below. Inside a job service the connector signs in with the token in /snowflake/session/token: give the
-- image a connections.toml with an entry CONNECTION_NAME of authenticator = "oauth" and token_file_path = that file.
-- The role that owns the task needs what `advisor grants --role ADVISOR --warehouse ADVISOR_WH` prints.

CREATE DATABASE IF NOT EXISTS ADVISOR_DB;
CREATE SCHEMA IF NOT EXISTS ADVISOR_DB.JOBS;
CREATE IMAGE REPOSITORY IF NOT EXISTS ADVISOR_DB.JOBS.IMAGES;

-- Reports, the ledger and the snapshot outlive the container here. They hold query texts: grant it like QUERY_HISTORY itself.
CREATE STAGE IF NOT EXISTS ADVISOR_DB.JOBS.REPORTS ENCRYPTION = (TYPE = 'SNOWFLAKE_SSE');

CREATE COMPUTE POOL IF NOT EXISTS ADVISOR_POOL
  MIN_NODES = 1 MAX_NODES = 1 INSTANCE_FAMILY = CPU_X64_XS AUTO_RESUME = TRUE AUTO_SUSPEND_SECS = 60;

-- Without a NAME each run of the job is given its own: one that has finished keeps its name for 14 days or more, and the next week's run
-- would fail on it.
CREATE OR REPLACE TASK ADVISOR_DB.JOBS.WEEKLY_ADVICE
  WAREHOUSE = ADVISOR_WH
  SCHEDULE = 'USING CRON 17 5 * * 1 UTC'
AS
  EXECUTE JOB SERVICE
  IN COMPUTE POOL ADVISOR_POOL
  FROM SPECIFICATION $$
spec:
  containers:
  - name: advisor
    image: /advisor_db/jobs/images/advisor:latest
    command: ["/weekly.sh"]
    env:
      CONNECTION: CONNECTION_NAME
      REPORTS: /reports
    volumeMounts:
    - name: reports
      mountPath: /reports
  volumes:
  - name: reports
    source: "@ADVISOR_DB.JOBS.REPORTS"
$$;

-- A task starts suspended.
ALTER TASK ADVISOR_DB.JOBS.WEEKLY_ADVICE RESUME;

-- To end it:
-- DROP TASK IF EXISTS ADVISOR_DB.JOBS.WEEKLY_ADVICE;
-- DROP COMPUTE POOL IF EXISTS ADVISOR_POOL;
