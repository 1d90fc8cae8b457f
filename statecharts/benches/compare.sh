#!/bin/sh
# Ours beside the peers, in one table; then what sessions of callback.scxml cost. Needs node 20 with npm, and the network the first time.
set -eu
cd "$(dirname "$0")"
(cd peers && npm ci --no-audit --no-fund --loglevel=error)
cargo bench -p statecharts --bench compare
exec cargo bench -p scenarios --bench callback_sessions
