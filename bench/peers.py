#!/usr/bin/env python3
"""Mote and its peers side by side: every model of the suite, in every precision, on every engine.

    bench/peers                                             everything; hours, and picks up where it was stopped
    bench/peers --models resnet8,ds_cnn --precisions int8 --threads 1 --seconds 3
    bench/peers --quick                                     what is converted already, a second a row, no TVM

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
import shared

ENGINES = ("mote", "litert", "onnxruntime", "openvino", "ncnn", "mnn", "tvm")


def names(text):
    return [part for part in text.split(",") if part]


def some_of(*choices):
    """An argument's type: a comma-separated list of these."""
    def parsed(text):
        unknown = [part for part in names(text) if part not in choices]
        if unknown or not names(text):
            raise argparse.ArgumentTypeError(f"'{text}': wanted some of {','.join(choices)}")
        return names(text)
    return parsed


def positive(text):
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"'{text}': wanted a number of seconds above 0")
    return value


def parse():
    parser = argparse.ArgumentParser(prog="bench/peers", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=names,
                        help="only these, by name; 'suite', 'shared' (models of ../shared/data/models)")
    parser.add_argument("--precisions", type=some_of(*cache.PRECISIONS), default=list(cache.PRECISIONS),
                        help="of " + ",".join(cache.PRECISIONS) + "; shared models run as they are")
    parser.add_argument("--what", type=some_of("latency", "start"), default=["latency", "start"],
                        help="latency,start (start: cold start and memory, float32 and int8, one thread)")
    parser.add_argument("--threads", type=some_of("1", "2"), default=["1", "2"], help="1,2")
    parser.add_argument("--peers", type=some_of(*ENGINES[1:]), default=list(ENGINES[1:]), help="of " + ",".join(ENGINES[1:]))
    parser.add_argument("--seconds", type=positive, default=6, help="of measuring, a row (6)")
    parser.add_argument("--quick", action="store_true", help="nothing is converted anew, a second a row, no TVM")
    parser.add_argument("--again", action="store_true", help="also rows that were measured before")
    parser.add_argument("--out", type=pathlib.Path, default=cache.FOLDER / "results",
                        help="the folder of the results, where earlier rows are found again")
    parser.add_argument("--document", action="store_true", help="also put the results into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print results.json instead of the table")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)  # only the arguments
    return parser.parse_args()


def files_of(name, precision, engines, sources, quick):
    """Each engine's file for this row, and why an engine has none."""
    folder, files, absent = cache.model_folder(name), {}, {}
    for engine in engines:
        if engine == "mote":
            path = folder / f"{precision}.mote.tflite"
            if precision != "as_is" and not (quick and path.exists()):
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
    todo = plan(options)
    if options.check:
        return 0
    global measure, mote_files, peer_files, report, start  # they need the environment; --help does not
    import measure
    import mote_files
    import peer_files
    import report
    import start
    if options.quick:
        options.seconds = min(options.seconds, 1)
        options.peers = [peer for peer in options.peers if peer != "tvm"] or options.peers
    engines = ["mote", *options.peers]
    if not options.quick:
        build_models(sorted({name for name, _, _ in todo if name in cache.SUITE}))
    options.out.mkdir(parents=True, exist_ok=True)
    run = Run(options, engines)
    if "latency" in options.what:
        run.all("rows.json", todo, run.latency)
    if "start" in options.what:
        run.all("starts.json", [x for x in todo if x[1] in ("float32", "int8", "as_is") and x[2] == 1], run.start)
    summary = report.write(options.out, run.found("rows.json", todo), run.found("starts.json", todo), engines,
                           [*run.skipped, *shared.skipped()])
    if options.document:
        report.into_document(options.out, cache.ROOT / "docs/benchmarks.md")
    print(json.dumps(summary, indent=1) if options.json else (options.out / "table.txt").read_text())
    return 0


def plan(options):
    """[(model, precision, threads)]"""
    wanted = options.models or ["suite", "shared"]
    suite = [m for m in cache.SUITE if m in wanted or "suite" in wanted]
    others = [m for m in shared.names() if m in wanted or "shared" in wanted]
    unknown = set(wanted) - {"suite", "shared", *cache.SUITE, *shared.names()}
    if unknown:
        print(f"no model {', '.join(sorted(unknown))}; there are {', '.join([*cache.SUITE, *shared.names()])}",
              file=sys.stderr)
        raise SystemExit(2)
    threads = [int(t) for t in options.threads]
    return [*((m, p, t) for p in options.precisions for m in suite for t in threads),
            *((m, "as_is", t) for m in others for t in threads)]


class Run:
    """Measures rows, and keeps them in files, so that a run that was stopped goes on where it was."""

    def __init__(self, options, engines):
        self.options, self.engines, self.skipped = options, engines, []
        self.sources, self.build, self.begun = mote_files.sources_key(), report.build_of_mote(), time.time()

    def read(self, file):
        path = self.options.out / file
        return json.loads(path.read_text()) if path.exists() else {}

    def found(self, file, todo):
        """The rows of this build of Mote."""
        rows = [self.read(file).get(label_of(x)) for x in todo]
        return [row for row in rows if row and row["build"] == self.build]

    def all(self, file, todo, measured):
        rows = self.read(file)
        for i, (name, precision, threads) in enumerate(todo):
            label = label_of((name, precision, threads))
            if not self.options.again and rows.get(label, {}).get("build") == self.build:
                continue
            why = shared.prepare(name) if precision == "as_is" else None
            data = cache.model_folder(name) / "data.npz"
            if why or not data.exists():
                self.skipped.append(f"{label}: {why or 'the model could not be built'}")
                continue
            files, absent = files_of(name, precision, self.engines, self.sources, self.options.quick)
            print(f"[{i + 1}/{len(todo)} {time.time() - self.begun:.0f} s] {label}", file=sys.stderr, end=" ", flush=True)
            results = measured(files, threads, data, precision)
            rows[label] = {"model": name, "precision": precision, "threads": threads, "build": self.build,
                           "engines": {**{e: {"absent": w} for e, w in absent.items()}, **results}}
            print(report.short(rows[label]), file=sys.stderr, flush=True)
            (self.options.out / file).write_text(json.dumps(rows))

    def latency(self, files, threads, data, precision):
        return measure.row(files, threads, data, precision, self.options.seconds)

    def start(self, files, threads, data, precision):
        if precision == "as_is":
            files = {engine: path for engine, path in files.items() if engine in ("mote", "litert")}
        return start.row(files, data, 3 if self.options.quick else 7)


def label_of(row):
    return " ".join(map(str, row))


if __name__ == "__main__":
    sys.exit(main())
