#!/bin/sh
# Ours beside the peers, in one table. Needs node 20 with npm, and the network the first time.
set -eu
cd "$(dirname "$0")"
(cd peers && npm ci --no-audit --no-fund --loglevel=error)
exec cargo bench -p statecharts --bench compare
