#!/bin/sh
# Runs the unit tests of a build folder by ctest and prints "N passed, N failed, N skipped", counted in
# GoogleTest's tests; a program that ends without a summary counts as one failure.
build=$1
xml=$(mktemp -d)
GTEST_OUTPUT=xml:$xml/ ctest --test-dir "$build" --output-on-failure -j "$(nproc)" >"$build/ctest.log" 2>&1
grep -E '\[  FAILED  \]|: Failure|\*\*\*|^ERROR: |runtime error' "$build/ctest.log"
# One <testsuites tests= failures= disabled= errors=> a program, and one <testcase> a test.
passed=0 failed=0 skipped=0
for report in "$xml"/*.xml; do
    [ -e "$report" ] || continue
    set -- $(sed -n 's/^<testsuites tests="\([0-9]*\)" failures="\([0-9]*\)" disabled="\([0-9]*\)" errors="\([0-9]*\)".*/\1 \2 \3 \4/p' "$report")
    late=$(grep -c 'result="skipped"' "$report")
    failed=$((failed + $2 + $4)) skipped=$((skipped + $3 + late))
    passed=$((passed + $1 - $2 - $3 - $4 - late))
done
# A program that crashed wrote no report.
programs=$(ctest --test-dir "$build" -N | sed -n 's/^Total Tests: //p')
reports=$(ls "$xml" | wc -l)
rm -rf "$xml"
[ "$reports" -ge "$programs" ] || { echo "$((programs - reports)) test programs ended without a report"; failed=$((failed + programs - reports)); }
[ "$programs" -gt 0 ] || { echo "no unit tests in $build"; failed=1; }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
