#!/bin/sh
# Tells Headway what a Slurm job's traffic is for: both PrologSlurmctld and EpilogSlurmctld. The class
# is the job's comment (sbatch --comment gradient); a job without one is left to be recognised.
# HEADERS has the one line "Authorization: Bearer TOKEN" of an operator and is readable by Slurm alone.
HEADERS=/etc/headway/slurm.header
JOB="${HEADWAY_API_URL:-http://127.0.0.1:8080}/v1/jobs/slurm-$SLURM_JOB_ID"
ask() { curl -sS -m 5 -o /dev/null -H @"$HEADERS" "$@" "$JOB" || true; } # a job never waits for it
case "$SLURM_JOB_COMMENT" in '' | *[!a-z-]*) exit 0 ;; esac
if [ "$SLURM_SCRIPT_CONTEXT" = epilog_slurmctld ]; then ask -X DELETE; exit 0; fi
hosts=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | xargs getent ahostsv4 |
  awk '!seen[$1]++ { printf "%s\"%s\"", comma, $1; comma = "," }')
ask -X PUT -d '{"id": "slurm-'"$SLURM_JOB_ID"'", "class": "'"$SLURM_JOB_COMMENT"'",
  "hosts": ['"$hosts"'], "ttl_s": 604800, "owner": "'"$SLURM_JOB_USER"'"}'
