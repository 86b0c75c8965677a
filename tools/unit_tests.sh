#!/bin/sh
# Runs the unit tests of a build folder by ctest and prints "N passed, N failed, N skipped", counted in
# GoogleTest's tests. A program that writes no report counts as one test: passed if it exited with 0, and
# failed if it did not, as when it crashed.
build=$1
xml=$(mktemp -d)
GTEST_OUTPUT=xml:$xml/ ctest --test-dir "$build" --output-on-failure -j "$(nproc)" >"$build/ctest.log" 2>&1
grep -aE '\[  FAILED  \]|: Failure|\*\*\*|^ERROR: |runtime error' "$build/ctest.log"

passed=0 failed=0 skipped=0 reports=0 failing_reports=0
for report in "$xml"/*.xml; do
    [ -e "$report" ] || continue
    set -- $(sed -n 's/^<testsuites tests="\([0-9]*\)" failures="\([0-9]*\)" disabled="\([0-9]*\)" errors="\([0-9]*\)".*/\1 \2 \3 \4/p' "$report")
    late=$(grep -c 'result="skipped"' "$report")
    failed=$((failed + $2 + $4)) skipped=$((skipped + $3 + late))
    passed=$((passed + $1 - $2 - $3 - $4 - late))
    reports=$((reports + 1))
    [ $(($2 + $4)) -eq 0 ] || failing_reports=$((failing_reports + 1))
done
rm -rf "$xml"

set -- $(sed -n 's/.*% tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$build/ctest.log")
crashed=$((${1:-0} - failing_reports)) programs=${2:-0}
passed=$((passed + programs - reports - crashed)) failed=$((failed + crashed))
[ "$crashed" -eq 0 ] || echo "$crashed test programs failed without a report"
[ "$programs" -gt 0 ] || { echo "no unit tests in $build"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
