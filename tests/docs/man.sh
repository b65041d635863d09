#!/usr/bin/env bash
# Checks the manual pages with mandoc. Exits with 0 only if it has nothing to say about any of them,
# and every command has its section in tierway(1): man.sh TIERWAY
set -uo pipefail
pages=$(cd "$(dirname "$0")/../../docs/man" && pwd)
passed=0 failed=0

check() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$2"
    fi
}

for page in "$pages"/*.[1-8]; do
    mandoc -Tlint -Wwarning "$page"
    check $? "mandoc has something to say about ${page##*/}"
done

# The commands are the indented lines of `tierway --help`; options, those of a command's own page.
for command in $("$1" --help | sed -n 's/^  \([a-z][a-z-]*\)  *[A-Z].*/\1/p'); do
    grep -qx "\.Ss tierway $command" "$pages/tierway.1"
    check $? "tierway.1 has no section for tierway $command"
    for option in $("$1" "$command" --help | sed -n 's/^  --*\([a-z][a-z0-9-]*\).*/\1/p'); do
        case $option in help | o | output | i | in-place) continue ;; esac
        sed -n "/^\.Ss tierway $command\$/,/^\.S[sh] /p" "$pages/tierway.1" |
            grep -q "^\.It Fl -$option\b"
        check $? "tierway.1 does not describe tierway $command --$option"
    done
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
