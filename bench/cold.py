"""One cold run of an engine, for start.py: imports it, loads the model, runs once, and prints what that took.

    cold.py ENGINE MODEL THREADS DATA.npz
"""
import time

import numpy as np  # noqa: F401  every engine's package takes it in; not counted as the engine's

BEGUN = time.perf_counter_ns()  # nothing of an engine is imported yet


def main(engine_name, path, threads, data):
    import pathlib

    import engines
    import worker
    arrays = worker.data_of(data)
    engine = engines.ENGINES[engine_name](pathlib.Path(path), int(threads))
    engine.set(worker.arrange(engine, arrays))
    engine.run()
    engine.outputs()
    return (time.perf_counter_ns() - BEGUN) / 1e3


if __name__ == "__main__":
    import sys
    print(main(*sys.argv[1:]), flush=True)
