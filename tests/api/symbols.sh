#!/bin/sh
# The library exports the functions of its header and nothing else.
#
#   symbols.sh LIBRARY HEADER
declared=$(mktemp) exported=$(mktemp)
trap 'rm -f "$declared" "$exported"' EXIT
grep -v '^#' "$2" | tr '\n' ' ' | grep -oE 'MOTE_API [^(;]*\(' | sed -E 's/.*[ *](mote_[a-z0-9_]+)\($/\1/' | sort >"$declared"
nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort >"$exported"
if [ ! -s "$declared" ] || ! diff "$declared" "$exported"; then
    echo "$1 does not export what $2 declares (<: only declared, >: only exported)"
    exit 1
fi
echo "$(wc -l <"$exported") functions"
