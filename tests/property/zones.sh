#!/bin/sh
# Compares zone_local with the system's `date` around every shift of many zones' clocks.
#
# Usage: zones.sh ZONE_LOCAL, the built tests/property/zone_local. For each zone: the second
# before, at and after each shift that zdump lists from 2024 to 2028, and noon of four days a year
# from 2000 to 2037. Prints "N passed, N failed"; exits non-zero if one failed, or if so few shifts
# were found that the test cannot have tested much.
set -eu

zone_local=$1
least_shifts=40
zones='America/New_York Europe/London Australia/Lord_Howe America/St_Johns Asia/Kathmandu
Africa/Casablanca America/Sao_Paulo Asia/Tehran Pacific/Auckland Europe/Dublin America/Havana
Africa/Cairo Antarctica/Troll Asia/Gaza America/Asuncion Pacific/Chatham America/Nuuk
Asia/Jerusalem Pacific/Apia Etc/GMT+5 UTC'

folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
# In the C locale `date` and zdump write the same English words everywhere.
LC_ALL=C
export LC_ALL

# zdump lists each shift as two lines, the last second before it and its first second:
# "ZONE  Sun Mar 10 06:59:59 2024 UT = ... isdst=0 gmtoff=-18000".
list_edges() {
    zdump -v -c 2024,2029 "$1" | sed -n 's/^[^ ]*  *\(.*\) UTC* = .* isdst=.*/\1 UTC/p' |
        date -f - +%s | awk '$1 >= 1704067200 && $1 < 1861920000'
}

list_noons() {
    year=2000
    while [ "$year" -le 2037 ]; do
        for day in 01-15 04-15 07-15 10-15; do
            echo "$year-$day 12:00:00 UTC"
        done
        year=$((year + 1))
    done | date -f - +%s
}

list_noons >"$folder/noons"
passed=0
failed=0
shifts=0
for zone in $zones; do
    list_edges "$zone" >"$folder/edges"
    count=$(($(wc -l <"$folder/edges") / 2))
    shifts=$((shifts + count))
    # Each edge with its neighbours: the two edges of a shift overlap.
    awk '{print $1 - 1; print $1; print $1 + 1}' "$folder/edges" |
        sort -nu - "$folder/noons" >"$folder/seconds"
    sed "s|^|$zone |" "$folder/seconds" | "$zone_local" >"$folder/found"
    # %z with two colons is "-05:00:00"; an awk turns it into seconds.
    sed 's/^/@/' "$folder/seconds" | TZ=$zone date -f - '+%Y-%m-%d %H:%M:%S %a %::z' |
        awk '{
            split(substr($4, 2), part, ":")
            offset = part[1] * 3600 + part[2] * 60 + part[3]
            print $1, $2, tolower($3), substr($4, 1, 1) == "-" ? -offset : offset
        }' >"$folder/expected"
    all=$(wc -l <"$folder/seconds")
    wrong=$(paste -d '|' "$folder/seconds" "$folder/expected" "$folder/found" |
        awk -F '|' -v zone="$zone" -v report="$folder/wrong" '
            $2 != $3 {
                wrong++
                print zone " at " $1 ": expected " $2 ", found " $3 > report
            }
            END { print wrong + 0 }')
    [ "$wrong" -eq 0 ] || head -n 5 "$folder/wrong"
    failed=$((failed + wrong))
    passed=$((passed + all - wrong))
done

echo "$shifts shifts checked"
echo "$passed passed, $failed failed"
if [ "$shifts" -lt "$least_shifts" ]; then
    echo "fewer than $least_shifts shifts were found"
    exit 1
fi
[ "$failed" -eq 0 ]
