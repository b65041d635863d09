#!/usr/bin/env bash
# Runs the fuzz targets of a build that was configured with TIERWAY_FUZZ=ON:
#
#   run.sh BUILD_DIR SECONDS [TARGET...]     for example: run.sh build-fuzz 60 policy image
#
# Each target runs for SECONDS, from corpus/TARGET and crashes/TARGET beside this script, with
# TARGET.dict where there is one. What it finds on the way is kept in BUILD_DIR/fuzz/TARGET, for the
# next run. An input that crashes a target is left in BUILD_DIR/fuzz/crash-TARGET-*: mend it, and
# put the input into crashes/TARGET, where the tests of every build run it. The last line is
# "N passed, N failed".
set -u
build=$(realpath "${1:?usage: run.sh BUILD_DIR SECONDS [TARGET...]}")
seconds=${2:?usage: run.sh BUILD_DIR SECONDS [TARGET...]}
shift 2
cd "$(dirname "$0")" || exit 2
if [ $# -eq 0 ]; then
    for file in fuzz_*.c; do
        target=${file#fuzz_}
        set -- "$@" "${target%.c}"
    done
fi
passed=0 failed=0

# The seeds of image are the programs of the policies in corpus/policy.
make_images() {
    local policy
    for policy in corpus/policy/*.tier; do
        "$build/tierway" compile "$policy" -o "$build/fuzz/image/$(basename "$policy" .tier)" \
            >/dev/null 2>&1
    done
}

for target in "$@"; do
    mkdir -p "$build/fuzz/$target"
    [ "$target" = image ] && make_images
    arguments=("$build/fuzz/$target")
    language=$target
    [ "$target" = format ] && language=policy # the same texts and words
    for folder in "corpus/$language" "crashes/$target"; do
        [ -d "$folder" ] && arguments+=("$folder")
    done
    [ -f "$language.dict" ] && arguments+=("-dict=$language.dict")
    log=$build/fuzz/$target.log
    if "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$build/fuzz/crash-$target-" "${arguments[@]}" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "$target: $(tail -n 1 "$log")"
    else
        failed=$((failed + 1))
        echo "$target: FAILED"
        tail -n 40 "$log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
