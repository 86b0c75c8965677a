"""One cold run of an engine, for start.py: imports it, loads the model, runs once, and prints what that took.

    cold.py ENGINE MODEL THREADS DATA.npz
"""
import pathlib
import sys
import time

import engines
import worker


def main(engine_name, path, threads, data):
    arrays = worker.data_of(data)
    begun = time.perf_counter_ns()  # nothing of an engine is imported yet
    engine = engines.ENGINES[engine_name](pathlib.Path(path), int(threads))
    engine.set(worker.arrange(engine, arrays))
    engine.run()
    engine.outputs()
    return (time.perf_counter_ns() - begun) / 1e3


if __name__ == "__main__":
    print(main(*sys.argv[1:]), flush=True)
