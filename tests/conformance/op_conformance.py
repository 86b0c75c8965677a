#!/usr/bin/env python3
"""One-operator models: mote against the official interpreter's reference kernels.

    op_conformance.py --mote build/mote                    all operators
    op_conformance.py --op conv_2d --op add                some
    op_conformance.py --op conv_2d --only 12 --keep DIR    one case, its files kept to look at
    op_conformance.py --official                           only check the cases themselves
    op_conformance.py --list                               names of the operators
"""
import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys

import numpy as np

import mote as program
import official
import ops
from compare import Tally, difference

# Operators beyond those that mote has set out to run (TensorFlow Lite Micro's, and those that the Keras
# layers and real models need): cases that it refuses by name are counted as skipped. WHERE's result has
# a size that depends on data; BUCKETIZE is there for floats.
BEYOND = {"sparse_to_dense", "bucketize", "unsorted_segment_sum", "unsorted_segment_max",
          "unsorted_segment_min", "unsorted_segment_prod", "bitcast", "where"}


def keep_files(folder, name, case, want):
    """The model, inputs and expected outputs as files."""
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(case.model)
    for index, array in enumerate(case.inputs):
        np.save(folder / f"in{index}.npy", array)
    for index, array in enumerate(want):
        np.save(folder / f"want{index}.npy", array)
    (folder / "case.json").write_text(json.dumps({"op": case.op, "label": case.label,
                                                  "exact": case.exact}) + "\n")


def check_case(arguments, index, case):
    """(state, why): 'passed', 'failed', 'refused' (by the official interpreter) or 'beyond' (mote)."""
    try:
        want = official.run(case.model, case.inputs)
    except official.Refused as error:
        return "refused", str(error).strip().splitlines()[-1]
    if arguments.keep:
        keep_files(arguments.keep, f"{case.op}_{index}", case, want)
    if arguments.official:
        return "passed", None
    mote = program.Mote(arguments.mote)
    model = pathlib.Path(arguments.work) / f"{case.op}_{index}.tflite"
    model.write_bytes(case.model)
    try:
        why = difference(mote.run(model, case.inputs), want, case.exact, case.tolerance)
    except program.Failed as error:
        why = str(error)
        if case.op in BEYOND and error.code == 1 and any(
                text in why for text in ("operators that Mote does not have", "depends on the data", "float32 is supported")):
            model.unlink()
            return "beyond", None
    model.unlink()
    return ("failed", why) if why else ("passed", None)


def work(arguments, name, start):
    """A worker process: checks the operator's cases from `start` on, one line of JSON before and
    one after each, so that a crash of the official interpreter costs one case only."""
    for index, case in enumerate(ops.generate(name)):
        if index < start or arguments.only not in (None, index):
            continue
        print(json.dumps([index, case.label]), flush=True)
        print(json.dumps(check_case(arguments, index, case)), flush=True)


def check_operator(arguments, name):
    """[(label, state, why)] of the operator's cases, from as many worker processes as it takes."""
    results, start = [], 0
    while True:
        command = [sys.executable, __file__, *arguments.passed_on, "--worker", name, str(start)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False,
                              stderr=None if arguments.verbose else subprocess.DEVNULL)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        for at in range(0, len(lines) - 1, 2):
            results.append((f"#{lines[at][0]} {lines[at][1]}", *lines[at + 1]))
        if done.returncode == 0:
            return results
        if len(lines) % 2 == 0:
            return results + [("the generator", "failed", f"exit {done.returncode}; try --worker {name} 0")]
        results.append((f"#{lines[-1][0]} {lines[-1][1]}", "refused", "the official interpreter crashed"))
        start = lines[-1][0] + 1


def run_all(arguments, names):
    tally, refused, beyond = Tally(arguments.verbose), {}, {}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tasks = pool.map(lambda name: (name, check_operator(arguments, name)), names)
        for name, results in tasks:
            for label, state, why in results:
                if state == "refused":
                    refused[name] = refused.get(name, 0) + 1
                    if arguments.verbose or arguments.official:
                        print(f"refused {name}: {label}: {why}")
                elif state == "beyond":
                    beyond[name] = beyond.get(name, 0) + 1
                else:
                    tally.check(name, label, why)
            if name in beyond:
                tally.skipped(name, f"{beyond[name]} cases", "not among the operators that mote has", beyond[name])
            if not any(state != "refused" for _, state, _ in results):
                tally.failed(name, "all cases", "the official interpreter took none")
    if refused:
        print(f"\nThe official interpreter itself refuses {sum(refused.values())} generated cases "
              "(not counted): " + ", ".join(f"{name} {count}" for name, count in refused.items()))
    return tally.finish("operator")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default="build/mote", help="the program (default build/mote)")
    parser.add_argument("--op", action="append", help="only this operator (may repeat)")
    parser.add_argument("--only", type=int, help="only this case of each operator")
    parser.add_argument("--keep", help="write each case's model, inputs and expected outputs here")
    parser.add_argument("--official", action="store_true", help="don't run mote")
    parser.add_argument("--list", action="store_true", help="print the operators' names")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", default="build/conformance", help="folder for models")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.passed_on = sys.argv[1:]
    if arguments.list:
        print("\n".join(ops.OPS))
        return 0
    unknown = [name for name in arguments.op or [] if name not in ops.OPS]
    if unknown:
        parser.error(f"no operator {unknown[0]}; --list prints their names")
    pathlib.Path(arguments.work).mkdir(parents=True, exist_ok=True)
    if arguments.worker:
        work(arguments, arguments.worker[0], int(arguments.worker[1]))
        return 0
    return run_all(arguments, arguments.op or list(ops.OPS))


if __name__ == "__main__":
    sys.exit(main())
