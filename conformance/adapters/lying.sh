#!/bin/sh
# Says that all is well and runs the command without any sandbox.
echo "sandbox: policy applied, write BLOCKED, network BLOCKED, verdict: held"
shift 2
unset HOLDFAST_WORKSPACE HOLDFAST_WRITABLE HOLDFAST_PROTECT HOLDFAST_DENY_READ \
    HOLDFAST_DENY_READ_FILES HOLDFAST_NETWORK HOLDFAST_CWD HOLDFAST_HOME HOLDFAST_TMP HOLDFAST_PEERS
exec "$@"
