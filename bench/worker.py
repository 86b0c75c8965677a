#!/usr/bin/env python3
"""One engine in a process of its own. Commands come as lines of JSON, answers go back so:

    worker.py ENGINE
    {"do": "load", "path": F, "threads": N, "data": D.npz, "outputs": O.npz}  -> load_ms, first_us, outputs in O
    {"do": "burst", "warm": W, "count": N}                                     -> ns of each run
"""
import json
import os
import pathlib
import resource
import sys
import time

import numpy as np

import engines


def arrange(engine, arrays):
    """The data in the order and the layout in which the engine wants it. `arrays` are (name, array)."""
    left, ordered = list(arrays), []
    for name, shape in engine.inputs:
        def fits(array):
            return shape is None or tuple(layout(engine, array).shape) == tuple(shape) or array.shape == tuple(shape)
        found = [x for x in left if len(left) > 1 and x[0] and x[0] in name and fits(x[1])] or \
                [x for x in left if fits(x[1])]
        if not found:
            raise RuntimeError(f"no data for input {name} {shape}")
        left = [x for x in left if x is not found[0]]
        array = found[0][1]
        array = layout(engine, array) if shape is None or tuple(layout(engine, array).shape) == tuple(shape) else array
        ordered.append(array)
    return ordered


def layout(engine, array):
    return array.transpose(0, 3, 1, 2) if engine.channels_first and array.ndim == 4 else array


def data_of(path):
    """The inputs: [(name, array)]."""
    with np.load(path) as data:
        return [(key[3:], data[key]) for key in data.files if key.startswith("in_")]


def load(engine_name, command):
    arrays = data_of(command["data"])
    start = time.perf_counter_ns()
    engine = engines.ENGINES[engine_name](pathlib.Path(command["path"]), command["threads"])
    loaded = time.perf_counter_ns()
    engine.set(arrange(engine, arrays))
    before = time.perf_counter_ns()
    engine.run()
    first = time.perf_counter_ns()
    np.savez(command["outputs"], *engine.outputs())
    return engine, {"load_ms": (loaded - start) / 1e6, "first_us": (first - before) / 1e3,
                    "arena_bytes": getattr(engine, "arena_bytes", None)}


def burst(engine, warm, count):
    run, clock = engine.run, time.perf_counter_ns
    prepare = getattr(engine, "prepare", lambda: None)
    for _ in range(warm):
        prepare()
        run()
    times = [0] * count
    for i in range(count):
        prepare()
        start = clock()
        run()
        times[i] = clock() - start
    return {"ns": times}


def main():
    # What the engines print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engine = None
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if command["do"] == "load":
                engine, answer = load(sys.argv[1], command)
            else:
                answer = burst(engine, command["warm"], command["count"])
            answer["peak_rss_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        except Exception as error:  # the engines raise whatever they like
            answer = {"failed": " ".join(str(error).split())[:300] or repr(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
