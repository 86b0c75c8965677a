#!/usr/bin/env python3
"""The arena of every model is at most 1.02 times its lower bound, with one thread and with several: the
committed fixtures, the models in shared/data/models, or the files and folders that are named.

    arena.py --mote build/mote [--threads N] [PATH ...]
"""
import argparse
import pathlib
import sys

import mote as program
from compare import Tally

MOST = 1.02
SUFFIXES = (".tflite", ".keras", ".h5")


def models_in(path):
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES)


def measure(mote, path, *arguments):
    return mote.json("bench", path, "--runs", 1, "--warmup", 0, *arguments)


def check(mote, category, path, threads, tally):
    try:
        report = measure(mote, path, "--threads", threads)
    except program.Failed as error:
        clean = error.code == 1
        if clean:
            tally.skipped(category, path.name, f"does not run: {error.text.strip()[:100]}")
        else:
            tally.failed(category, path.name, str(error))
        return
    ratio = report["arena_bytes"] / max(report["arena_lower_bound_bytes"], 1)
    label = f"{path.name} with {threads} threads"
    tally.check(category, label, None if ratio <= MOST else
                f"{report['arena_bytes']} bytes, {ratio:.3f} of {report['arena_lower_bound_bytes']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=program.ROOT / "build/mote")
    parser.add_argument("--threads", type=int, action="append", help="default: 1 and 4")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    tally, mote = Tally(arguments.verbose), program.Mote(arguments.mote)
    places = [("given", path) for path in arguments.paths] or [
        ("fixtures", program.ROOT / "tests/fixtures"), ("shared", program.SHARED / "data/models")]
    for category, place in places:
        if not place.exists():
            tally.skipped(category, str(place), "absent (MOTE_SHARED says where the shared folder is)")
            continue
        for path in models_in(place):
            for threads in arguments.threads or (1, 4):
                check(mote, category, path, threads, tally)
    return tally.finish("arena")


if __name__ == "__main__":
    sys.exit(main())
