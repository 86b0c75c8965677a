"""Cold start and memory: a process of its own for every run, files in the page cache.

  start   microseconds from before fork() to the first byte of output, after one inference. Mote: `mote run`,
          a program. Peers: Python, which imports the engine, loads the model, runs it and prints.
  bare    the engine's own part of that: what comes after Python and numpy are there (the import of its
          package, the model's loading, the first inference)
  peak    KB of resident memory at most, of the whole process
"""
import statistics
import subprocess
import sys

import cache
import mote_files


def build_spawn():
    """The program that runs, times and weighs the others."""
    source, path = cache.ROOT / "bench/spawn.c", cache.FOLDER / "spawn"
    made, _ = cache.make(path, cache.key_of(source), lambda out: subprocess.run(
        ["cc", "-O2", "-o", str(out), str(source)], check=True))
    if not made:
        raise SystemExit(f"can't build {source}: {cache.failure(path)}")
    return path


def command(engine, path, data):
    if engine == "mote":
        return [str(mote_files.MOTE), "run", str(path)]
    if engine == "mote from python":
        engine = "mote"
    return [sys.executable, str(cache.ROOT / "bench/cold.py"), engine, str(path), "1", str(data)]


def once(spawn, arguments):
    """(start us, what the process printed, peak KB), or None if it failed."""
    done = subprocess.run([str(spawn), *arguments], capture_output=True, text=True, check=False)
    first, _, peak, status = done.stderr.split()[-4:]
    return None if int(status) or float(first) == 0 else (float(first), done.stdout, int(peak))


def row(files, data, repetitions):
    """files: {engine: path}. The engines take turns. Returns {engine: start_us, bare_us, peak_kb}."""
    spawn, found = build_spawn(), {}
    plan = {**files, **({"mote from python": files["mote"]} if "mote" in files else {})}
    for _ in range(repetitions):
        for engine, path in plan.items():
            if found.get(engine, []) is None:
                continue
            got = once(spawn, command(engine, path, data))
            found[engine] = None if got is None else found.get(engine, []) + [got]
    results = {}
    for engine, runs in found.items():
        if runs is None:
            results[engine] = {"failed": "it fails"}
            continue
        results[engine] = {"start_us": statistics.median(r[0] for r in runs),
                           "start_min_us": min(r[0] for r in runs),
                           "peak_kb": max(r[2] for r in runs)}
        if engine != "mote":
            results[engine]["bare_us"] = statistics.median(float(r[1].split()[-1]) for r in runs)
    return results


def baseline():
    """Python with numpy, and nothing else: (start us, peak KB)."""
    runs = [once(build_spawn(), [sys.executable, "-c", "import numpy; print(1)"]) for _ in range(5)]
    return {"start_us": statistics.median(r[0] for r in runs), "peak_kb": max(r[2] for r in runs)}
