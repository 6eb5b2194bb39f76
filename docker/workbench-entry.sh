#!/bin/sh
# Start JupyterLab in the workbench; without a token nobody gets in, and it does not start.
set -eu

if [ "${#JUPYTER_TOKEN}" -lt 16 ]; then
    echo "error: set NOTEBOOK_TOKEN in docker/.env to 16 characters or more:" \
        "openssl rand -hex 24" >&2
    exit 2
fi
exec jupyter lab --no-browser --ip=0.0.0.0 --port="$JUPYTER_PORT" --ServerApp.root_dir=/data
