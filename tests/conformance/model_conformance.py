#!/usr/bin/env python3
"""Fixture models, in every precision: mote imports the Keras file, writes a .tflite and runs it; the
official interpreter runs the same file. Float results agree to 1e-5 of the output's scale; a fully
quantized model gives the same bits as the official reference kernels, and how far the official
default path (XNNPACK) is from them is printed as a histogram of steps.

    model_conformance.py --mote build/mote [--model digits] [--precision int8]
"""
import argparse
import collections
import pathlib
import sys

import numpy as np

import mote as program
import official
from compare import Tally, difference

ROOT = program.ROOT
SAMPLES = 16  # samples a model runs on at once
SINGLES = 4  # and by themselves
# Precision -> arguments of convert, how results compare: exact, or the relative tolerance.
PRECISIONS = {
    "none": ([], 1e-5),
    "float16": (["--quantize", "float16"], 1e-5),
    "dynamic": (["--quantize", "dynamic"], 1e-3),
    "int4": (["--quantize", "int4"], 1e-3),
    "int8": (["--quantize", "int8"], "exact"),
    "int8 in and out": (["--quantize", "int8", "--input-type", "int8", "--output-type", "int8"], "exact"),
    "uint8 in and out": (["--quantize", "int8", "--input-type", "uint8", "--output-type", "uint8"],
                         "exact"),
    "int16x8": (["--quantize", "int16x8"], "exact"),
}
KERAS_TOLERANCE = 1e-4


class Fixture:
    """A source model and its data: inputs by name, and what Keras computed where that is known."""

    def __init__(self, name, model, data, calibration, want=None):
        self.name, self.model, self.calibration = name, model, calibration
        arrays = np.load(data)
        self.inputs = [(key, arrays[key][:SAMPLES]) for key in arrays.files if key != "y"]
        self.want = None
        if want is not None:
            outputs = np.load(want)
            self.want = [outputs[key][:SAMPLES] for key in outputs.files]


def fixtures():
    examples, folder = ROOT / "examples", ROOT / "tests/fixtures/models"
    digits, dense = examples / "digits", examples / "dense"
    yield Fixture("digits", digits / "digits.keras", digits / "eval.npz", digits / "calibrate.npz")
    for kind in ("keras", "h5"):
        yield Fixture(f"dense.{kind}", dense / f"dense.{kind}", dense / "eval.npz", dense / "eval.npz")
    for model in sorted(folder.glob("*.keras")):
        data = model.with_suffix(".npz")
        yield Fixture(model.stem, model, data, data, model.with_suffix(".want.npz"))


def quantized(array, detail):
    """A float array as the input's integers, or as it is."""
    dtype = detail["dtype"]
    if dtype == array.dtype or not np.issubdtype(dtype, np.integer):
        return array.astype(dtype)
    scale, zero = detail["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.round(array / scale) + zero, limits.min, limits.max).astype(dtype)


def steps_histogram(reference, default):
    """Counter of |difference| in integer steps between two runs' outputs."""
    counts = collections.Counter()
    for a, b in zip(reference, default):
        if a.dtype.kind in "iu":
            steps, times = np.unique(np.abs(a.astype(int) - b.astype(int)), return_counts=True)
            counts.update(dict(zip(steps.tolist(), times.tolist())))
    return counts


def check_precision(mote, fixture, precision, path, histogram):
    """None, or why mote and the official interpreter disagree on the file that mote wrote."""
    arguments, agreement = PRECISIONS[precision]
    mote.call("convert", fixture.model, "-o", path, *arguments,
              *(["--calibrate", fixture.calibration] if "int8" in precision or "16x8" in precision else []))
    for index in range(SINGLES):
        samples = [array[index:index + 1] for _, array in fixture.inputs]
        why = check_samples(mote, path, samples, agreement, histogram[precision])
        if why:
            return f"sample {index}: {why}"
    try:
        why = check_samples(mote, path, [array for _, array in fixture.inputs], agreement, histogram[precision])
    except official.Refused:
        return None  # recurrent state of one sample: the official interpreter can't take more
    return f"{SAMPLES} samples at once: {why}" if why else None


def check_samples(mote, path, samples, agreement, steps):
    """None, or how mote and the official interpreter differ on these inputs."""
    oracle = official.Official(path, True, [array.shape for array in samples])
    arrays = [quantized(array, detail) for array, detail in zip(samples, oracle.inputs)]
    want = oracle.run(arrays)
    got = mote.run(path, arrays)
    if agreement != "exact":
        return difference(got, want, False, agreement)
    steps.update(steps_histogram(want, official.run(path, arrays, reference=False)))
    return difference(got, want, True, 0)


def check_fixture(mote, fixture, precisions, work, tally, histogram):
    if fixture.want is not None and "none" in precisions:
        try:
            got = mote.run(fixture.model, dict(fixture.inputs))
            tally.check("Keras' own results", fixture.name,
                        difference(got, fixture.want, False, KERAS_TOLERANCE))
        except program.Failed as error:
            tally.failed("Keras' own results", fixture.name, str(error))
    for precision in precisions:
        path = work / f"{fixture.name}_{precision.replace(' ', '_')}.tflite"
        try:
            why = check_precision(mote, fixture, precision, path, histogram)
        except program.Failed as error:
            why = str(error)
        except official.Refused as error:
            why = f"the official interpreter refuses the file: {error}"
        tally.check(precision, fixture.name, why)


def print_histogram(histogram):
    print("\nOutput values of the official default path (XNNPACK) by their distance in steps from the "
          "official\nreference kernels, which mote equals:")
    for precision, counts in histogram.items():
        total = sum(counts.values())
        if total:
            parts = [f"{steps}: {count} ({100 * count / total:.2f} %)"
                     for steps, count in sorted(counts.items())]
            print(f"  {precision:<18} " + ", ".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=ROOT / "build/mote")
    parser.add_argument("--model", action="append", help="only this fixture (may repeat)")
    parser.add_argument("--precision", action="append", choices=list(PRECISIONS))
    parser.add_argument("--work", default=ROOT / "build/conformance", help="folder for the .tflite files")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    mote, tally = program.Mote(arguments.mote), Tally(arguments.verbose)
    histogram = collections.defaultdict(collections.Counter)
    for fixture in fixtures():
        if not arguments.model or fixture.name in arguments.model:
            check_fixture(mote, fixture, arguments.precision or PRECISIONS, work, tally, histogram)
    print_histogram(histogram)
    return tally.finish("precision")


if __name__ == "__main__":
    sys.exit(main())
