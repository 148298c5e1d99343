#!/bin/sh
# Takes every memory ordering of src/order.rs away, one at a time, and asserts that the models
# notice each. The list comes from the code, so that no ordering is forgotten.
#
# usage: shm/tests/mutants.sh [NAME...]      (no name: the clean code first, then all)
set -eu
cd "$(dirname "$0")/../.."
export RUSTFLAGS="--cfg loom ${RUSTFLAGS:-}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/loom"
export LOOM_MAX_PREEMPTIONS="${LOOM_MAX_PREEMPTIONS:-3}"
# The models need speed, but neither the long link nor the abort of what ships.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_PROFILE_RELEASE_PANIC=unwind
limit="${MUTANT_SECONDS:-300}"

built=$(cargo test -p shm --release --no-run \
    --test loom_row --test loom_claim --test loom_ring --test loom_follow --test loom_seat \
    --test loom_tables 2>&1) ||
    { echo "$built"; exit 1; }
binary() { echo "$built" | sed -n "s/.*(\(.*\/$1-[0-9a-f]*\)).*/\1/p"; }
# Quick ones first: a mutant is done with the first model that fails.
models=
for name in loom_row loom_claim loom_ring loom_follow loom_seat loom_tables; do
    models="$models $(binary $name)"
done
sites=$($(binary loom_row) --ignored --nocapture sites | sed -n 's/^.*SITE \([A-Z_]*\)$/\1/p')
[ -n "$sites" ] || { echo "no orderings found"; exit 1; }

# 0: all models pass. 1: one fails. Else: one takes too long or is broken. The short models of
# every file come before the long ones, whose names say "whole".
run() {
    for part in "--skip whole" "whole"; do
        run_part "$part" || return $?
    done
}

run_part() {
    for model in $models; do
        code=0
        # Unquoted: the part is one or two arguments.
        timeout "$limit" "$model" $1 >"$log" 2>&1 || code=$?
        case $code in
        0) ;;
        101) return 1 ;;
        *) return "$code" ;;
        esac
    done
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ $# -eq 0 ]; then
    unset HOTLANE_MUTANT
    if run; then echo "clean code: every model passes"; else cat "$log"; exit 1; fi
    set -- $sites
fi
survived=0 killed=0
for site in "$@"; do
    echo "$sites" | grep -qx "$site" || { echo "no ordering is named $site"; exit 1; }
    code=0
    HOTLANE_MUTANT=$site run || code=$?
    case $code in
    0) echo "SURVIVED $site"; survived=$((survived + 1)) ;;
    1) echo "caught   $site"; killed=$((killed + 1)) ;;
    *) echo "BROKEN   $site: exit code $code"; survived=$((survived + 1)) ;;
    esac
done
echo "$killed orderings missed when taken away, $survived not"
[ "$survived" -eq 0 ]
