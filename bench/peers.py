#!/usr/bin/env python3
"""Mote and its peers side by side: every model of the suite, in every precision, on every engine.

    bench/peers                                             everything; hours, and picks up where it was stopped
    bench/peers --models resnet8,ds_cnn --precisions int8 --threads 1 --seconds 3
    bench/peers --quick                                     what is converted already, a second a row

Writes table.txt, results.json and plot.png into the folder of --out, and the table to the terminal. Models,
their conversions and the environments are kept in build/bench, or in the folder that MOTE_BENCH_CACHE names.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import time

import cache

ENGINES = ("mote", "litert", "onnxruntime", "openvino", "ncnn", "mnn", "tvm")


def names(text):
    return [part for part in text.split(",") if part]


def parse():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names, help="only these, by name")
    parser.add_argument("--precisions", type=names, default=list(cache.PRECISIONS),
                        help="of " + ",".join(cache.PRECISIONS))
    parser.add_argument("--threads", type=names, default=["1", "2"], help="1,2")
    parser.add_argument("--peers", type=names, default=list(ENGINES[1:]), help="of " + ",".join(ENGINES[1:]))
    parser.add_argument("--seconds", type=float, default=6, help="of measuring, a row (6)")
    parser.add_argument("--quick", action="store_true", help="nothing is converted anew, and a second a row")
    parser.add_argument("--again", action="store_true", help="also rows that were measured before")
    parser.add_argument("--out", type=pathlib.Path, default=cache.FOLDER / "results",
                        help="the folder of the results, where earlier rows are found again")
    parser.add_argument("--json", action="store_true", help="print results.json instead of the table")
    return parser.parse_args()


def files_of(name, precision, engines, sources, quick):
    """Each engine's file for this row, and why an engine has none."""
    folder, files, absent = cache.model_folder(name), {}, {}
    for engine in engines:
        if engine == "mote":
            path = folder / f"{precision}.mote.tflite"
            if not (quick and path.exists()):
                mote_files.convert(name, precision, sources)
            why = cache.failure(path)
        elif engine == "litert":
            path = folder / f"{precision}.official.tflite"
            why = cache.failure(path)
        else:
            path, why = peer_files.make(name, engine, precision)
        if why or path is None or not path.exists():
            absent[engine] = why or "not made"
        else:
            files[engine] = path
    return files, absent


def build_models(names):
    """In the environment that has TensorFlow."""
    python = cache.FOLDER / "venv-convert/bin/python"
    subprocess.run([str(python), str(cache.ROOT / "bench/suite.py"), *names], stdout=sys.stderr, check=False)


def main():
    options = parse()
    global measure, mote_files, peer_files, report  # they need the environment; --help does not
    import measure
    import mote_files
    import peer_files
    import report
    if options.quick:
        options.seconds = min(options.seconds, 1)
    models = options.models or list(cache.SUITE)
    engines = ["mote", *options.peers]
    if not options.quick:
        build_models([name for name in models if name in cache.SUITE])
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "rows.json"
    rows = json.loads(kept.read_text()) if kept.exists() and not options.again else {}
    sources, begun = mote_files.sources_key(), time.time()
    build = report.build_of_mote()
    todo = [(m, p, int(t)) for p in options.precisions for m in models for t in options.threads]
    for i, (name, precision, threads) in enumerate(todo):
        label = f"{name} {precision} {threads}"
        if not (cache.model_folder(name) / "data.npz").exists():
            print(f"{label}: skipped: there is no such model", file=sys.stderr)
            continue
        if label in rows and rows[label]["build"] == build:
            continue
        files, absent = files_of(name, precision, engines, sources, options.quick)
        print(f"[{i + 1}/{len(todo)} {time.time() - begun:.0f} s] {label}", file=sys.stderr, end=" ", flush=True)
        results = measure.row(files, threads, cache.model_folder(name) / "data.npz", precision, options.seconds)
        rows[label] = {"model": name, "precision": precision, "threads": threads, "build": build,
                       "engines": {**{e: {"absent": why} for e, why in absent.items()}, **results}}
        print(report.short(rows[label]), file=sys.stderr, flush=True)
        kept.write_text(json.dumps(rows))
    chosen = [rows[f"{m} {p} {t}"] for m, p, t in todo if f"{m} {p} {t}" in rows]
    summary = report.write(options.out, chosen, engines)
    print(json.dumps(summary, indent=1) if options.json else (options.out / "table.txt").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
