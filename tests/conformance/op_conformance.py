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
import sys

import numpy as np

import mote as program
import official
import ops
from compare import Tally, difference


def keep_files(folder, name, case, want):
    """The model, inputs and expected outputs as files, and how to run them."""
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    model = folder / "model.tflite"
    model.write_bytes(case.model)
    for index, array in enumerate(case.inputs):
        np.save(folder / f"in{index}.npy", array)
    for index, array in enumerate(want):
        np.save(folder / f"want{index}.npy", array)
    (folder / "case.json").write_text(json.dumps({"op": case.op, "label": case.label,
                                                  "exact": case.exact}) + "\n")


def check_case(arguments, index, case):
    """(state, why): 'passed', 'failed', 'refused' (by the official interpreter)."""
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
    model.unlink()
    return ("failed", why) if why else ("passed", None)


def check_operator(arguments, name):
    results = []
    for index, case in enumerate(ops.generate(name)):
        if arguments.only is None or arguments.only == index:
            results.append((f"#{index} {case.label}", *check_case(arguments, index, case)))
    return name, results


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
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(ops.OPS))
        return 0
    unknown = [name for name in arguments.op or [] if name not in ops.OPS]
    if unknown:
        parser.error(f"no operator {unknown[0]}; --list prints their names")
    pathlib.Path(arguments.work).mkdir(parents=True, exist_ok=True)
    names = arguments.op or list(ops.OPS)
    tally, refused = Tally(arguments.verbose), {}
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for name, results in pool.map(check_operator, [arguments] * len(names), names):
            for label, state, why in results:
                if state == "refused":
                    refused.setdefault(name, []).append((label, why))
                    if arguments.verbose or arguments.official:
                        print(f"refused {name}: {label}: {why}")
                else:
                    tally.check(name, label, why)
            if not any(state != "refused" for _, state, _ in results):
                tally.failed(name, "all cases", "the official interpreter took none")
    if refused:
        count = sum(len(cases) for cases in refused.values())
        print(f"\nThe official interpreter itself refuses {count} generated cases (not counted): "
              + ", ".join(f"{name} {len(cases)}" for name, cases in refused.items()))
    return tally.finish("operator")


if __name__ == "__main__":
    sys.exit(main())
