"""Rows of the table: one model, precision and number of threads on all engines, side by side.

Every engine is a worker process, in one process group. They take turns in short bursts; whoever is not
running is stopped (SIGSTOP), so that a pool that spins while it waits takes no time from another's burst.
A burst begins with runs that are not timed, which wake the engine's threads and warm its caches. Time is
taken inside the worker, around the one call that runs the model; inputs are written before.
"""
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
BURST_NS = 8e6          # what a burst aims at
WARM_NS = 1.5e6         # of runs before it that are not timed
LONG_NS = 2e7           # runs that take so long need none
FAR_BEHIND = 20         # an engine that takes so many times the fastest's time gets three bursts
LOAD_SECONDS = 120
# Outputs are compared as real numbers with Keras' own, by their signal-to-quantization-noise ratio. An
# engine below these does not run the same model, and is not counted. They are low because nobody trained
# these models: what a layer's rounding costs is not made good by the next, and the softmax of a thousand
# classes magnifies it. The table shows the ratios, so that an engine that gained time by accuracy is seen.
MIN_SQNR = {"float32": 40, "float16": 12, "dynamic": 3, "int8": 0.5, "int16x8": 2, "as_is": 10}


class Failed(Exception):
    pass


class Worker:
    def __init__(self, engine, threads):
        self.engine, self.threads = engine, threads
        self.process = subprocess.Popen([sys.executable, str(HERE / "worker.py"), engine],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def tell(self, **command):
        try:
            self.process.stdin.write((json.dumps(command) + "\n").encode())
            self.process.stdin.flush()
        except OSError as error:
            raise Failed(f"it ended: {error}") from error

    def ask(self, seconds, **command):
        self.tell(**command)
        return self.answer(seconds)

    def answer(self, seconds):
        try:
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                raise Failed(f"no answer within {seconds} s")
            line = self.process.stdout.readline()
        except OSError as error:
            raise Failed(f"it ended: {error}") from error
        if not line:
            raise Failed(f"it crashed ({self.process.wait()})")
        answer = json.loads(line)
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer

    def stop(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def go(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self):
        self.process.kill()
        self.process.wait()


def sqnr(want, got):
    want, got = want.astype(np.float64).ravel(), got.astype(np.float64).ravel()
    if want.size != got.size:
        return None
    error = float(np.sum((want - got) ** 2))
    if not np.isfinite(error):
        return -np.inf
    return 200.0 if error == 0 else 10 * np.log10(max(float(np.sum(want ** 2)), 1e-30) / error)


def compare(data, outputs):
    """The least SQNR over the outputs, and the largest absolute error. Engines order outputs as they
    like, so each is paired with the likest of its size."""
    with np.load(data) as a, np.load(outputs) as b:
        want = [a[key] for key in a.files if key.startswith("out_")]
        left = [b[key] for key in b.files]
    worst, largest = np.inf, 0.0
    for array in want:
        rated = [(sqnr(array, other), i) for i, other in enumerate(left) if other.size == array.size]
        if not rated:
            return -np.inf, np.inf
        best, i = max(rated)
        other = left.pop(i).astype(np.float64).ravel()
        largest = max(largest, float(np.max(np.abs(array.ravel() - other), initial=0)))
        worst = min(worst, best)
    return worst, largest


def check(worker, data, precision, outputs):
    """What is known of a worker that was told to load a model, once it has given the right outputs."""
    known = worker.answer(LOAD_SECONDS)
    known["sqnr_db"], known["max_error"] = compare(data, outputs)
    if known["sqnr_db"] < MIN_SQNR[precision]:
        raise Failed(f"wrong outputs: SQNR {known['sqnr_db']:.1f} dB, wanted {MIN_SQNR[precision]}")
    known["estimate_ns"] = known["first_us"] * 1e3
    if known["estimate_ns"] < 10 * LONG_NS:
        known["estimate_ns"] = max(min(worker.ask(LOAD_SECONDS, do="burst", warm=1, count=3)["ns"]), 500)
    worker.stop()
    return known


def start(files, threads, data, precision, results):
    """Workers with loaded models; {engine: worker}. They load at the same time, which is not measured."""
    running = {engine: Worker(engine, threads) for engine in files}
    with tempfile.TemporaryDirectory() as folder:
        for engine, worker in list(running.items()):
            outputs = pathlib.Path(folder) / f"{engine}.npz"
            try:
                worker.tell(do="load", path=str(files[engine]), threads=threads, data=str(data), outputs=str(outputs))
            except Failed:
                pass  # its answer says so
        for engine, worker in list(running.items()):
            try:
                results[engine] = check(worker, data, precision, pathlib.Path(folder) / f"{engine}.npz")
            except Failed as error:
                results[engine] = {"failed": str(error)}
                running.pop(engine).end()
    return running


def row(files, threads, data, precision, seconds):
    """files: {engine: path}. Returns {engine: what was measured, or {"failed": why}}."""
    results, running = {}, {}
    try:
        running = start(files, threads, data, precision, results)
        times = {engine: [] for engine in running}
        deadline, order, turn = time.monotonic() + seconds, list(running), 0
        fastest = min((results[engine]["estimate_ns"] for engine in order), default=0)
        while order and (time.monotonic() < deadline or turn < 3):
            for engine in order[turn % len(order):] + order[:turn % len(order)]:
                worker, estimate = running[engine], results[engine]["estimate_ns"]
                if turn >= 3 and estimate > FAR_BEHIND * fastest:
                    continue
                count = int(min(max(BURST_NS / estimate, 1), 2000))
                warm = 0 if estimate > LONG_NS else int(min(max(WARM_NS / estimate, 1), 50))
                worker.go()
                try:
                    times[engine].append(worker.ask(LOAD_SECONDS, do="burst", warm=warm, count=count)["ns"])
                except Failed as error:
                    results[engine] = {"failed": str(error)}
                    order.remove(engine)
                    break
                worker.stop()
            turn += 1
        for engine in order:
            results[engine].update(statistics(times[engine]))
    finally:
        for worker in running.values():
            worker.end()
    return results


def statistics(bursts):
    """In microseconds. `quiet` is the median of the least disturbed quarter of the bursts: on a machine
    where other programs run, the one to compare."""
    everything = np.concatenate([np.asarray(burst, np.float64) for burst in bursts]) / 1e3
    medians = np.sort([np.median(burst) for burst in bursts]) / 1e3
    return {"min_us": float(everything.min()), "median_us": float(np.median(everything)),
            "p99_us": float(np.quantile(everything, 0.99)),
            "quiet_us": float(np.median(medians[:max(1, len(medians) // 4)])),
            "runs": int(everything.size), "bursts": len(bursts)}
