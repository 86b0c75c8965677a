#!/usr/bin/env python3
"""Random Keras models: mote against Keras, the official converter and the official interpreter.

    random_keras.py --mote build/mote        all seeds
    random_keras.py --only 17                one seed
    random_keras.py --family lstm            the seeds of one family
    random_keras.py --reuse                  with the models of the last run

Each seeded model (keras_models.py, written by make_models.py) is there as .keras and .h5. Mote's
results agree with Keras' own to 1e-4 of the output's scale; mote's .tflite gives the same in the
official interpreter and is no larger than the official converter's file; mote's int8 file and the three
that the official converter writes (float, dynamic, int8) run in mote as they do in the official
reference kernels: float to 1e-5, int8 bit for bit. The models stay in build/random_keras/seedN.
Making them needs the environment that .ci/run makes (tensorflow-cpu, ai-edge-litert).
"""
import argparse
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/conformance"))
import mote as program  # noqa: E402
import official  # noqa: E402
from compare import Tally, difference  # noqa: E402

SEEDS = 296
KERAS_TOLERANCE = 1e-4
FLOAT_TOLERANCE = 1e-5
# Dynamic-range kernels round activations to int8 as they go. A value on the edge between two steps may
# fall to either side where the float before it differs in its last bit; one step is 1/127 of the
# largest activation.
STEP_TOLERANCE = 1 / 127
# Where the reference resolver lacks an operator, other official kernels stand in for the whole model;
# they round a step otherwise here and there, and later layers may make a few of it.
SUBSTITUTED_TOLERANCE = 3 / 127
# Every layer that the importer knows; a whole run fails if the seeds leave one out.
REQUIRED = """
Dense EinsumDense Embedding Activation ReLU LeakyReLU PReLU ELU Softmax Conv1D Conv2D Conv3D
Conv1DTranspose Conv2DTranspose DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D
MaxPooling1D MaxPooling2D MaxPooling3D AveragePooling1D AveragePooling2D AveragePooling3D
GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GlobalAveragePooling1D GlobalAveragePooling2D
GlobalAveragePooling3D BatchNormalization LayerNormalization GroupNormalization UnitNormalization
RMSNormalization LSTM GRU SimpleRNN Bidirectional TimeDistributed StackedRNNCells MultiHeadAttention
GroupedQueryAttention Attention AdditiveAttention Add Subtract Multiply Average Maximum Minimum
Concatenate Dot Flatten Reshape Permute RepeatVector Cropping1D Cropping2D Cropping3D ZeroPadding1D
ZeroPadding2D ZeroPadding3D UpSampling1D UpSampling2D UpSampling3D Masking Dropout SpatialDropout1D
GaussianNoise GaussianDropout Rescaling Resizing Normalization CenterCrop Discretization
CategoryEncoding MelSpectrogram STFTSpectrogram
""".split()


def make_some(folder, seeds):
    """Makes these seeds' models in a chain of processes: TensorFlow may crash, which costs that seed
    only. Returns the seeds that it crashed on."""
    crashed = []
    while seeds:
        command = [sys.executable, HERE / "make_models.py", folder, *map(str, seeds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        begun = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("begin ")]
        if done.returncode == 0:
            return crashed
        if not begun:
            raise SystemExit(f"can't make models: {done.stderr.strip()[-400:]}")
        print(f"Keras or TensorFlow failed on seed {begun[-1]}: {done.stderr.strip()[-200:]}", flush=True)
        crashed.append(begun[-1])
        seeds = seeds[seeds.index(begun[-1]) + 1:]
    return crashed


def make_all(arguments, seeds):
    for seed in seeds:
        shutil.rmtree(arguments.work / f"seed{seed}", ignore_errors=True)
    chunks = [seeds[i::arguments.jobs] for i in range(arguments.jobs)]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        return sorted(sum(pool.map(lambda chunk: make_some(arguments.work, chunk), chunks), []))


def load(path):
    with np.load(path) as arrays:
        return [arrays[key] for key in arrays.files]


def is_pure(oracle):
    """Whether only Quantize and Dequantize touch floats."""
    kinds = {t["index"]: t["dtype"] for t in oracle.interpreter.get_tensor_details()}
    return not any(kinds.get(int(index)) == np.float32
                   for op in oracle.interpreter._get_ops_details()
                   if op["op_name"] not in ("QUANTIZE", "DEQUANTIZE")
                   for index in [*op["inputs"], *op["outputs"]] if index >= 0)


class Check:
    """The checks of one seed; results are (category, why or None, skipped)."""

    def __init__(self, mote, folder):
        self.mote, self.folder, self.results, self.exact = mote, folder, [], 0
        self.seed = json.loads((folder / "seed.json").read_text())
        self.arrays, self.want = load(folder / "inputs.npz"), load(folder / "want.npz")
        self.first = [array[:1] for array in self.arrays]

    def attempt(self, category, function):
        try:
            self.results.append((category, function(), False))
        except program.Failed as error:
            self.results.append((category, str(error), False))
        except official.Refused as error:
            self.results.append((category, f"the official interpreter refuses: {str(error)[-300:]}", False))

    def absent(self, category, kind):
        """Whether there is no such file; then that is counted as skipped."""
        why = self.seed["absent"].get(kind)
        if why:
            self.results.append((category, why, True))
        return why

    def keras_file(self, suffix):
        category = f".{suffix} against Keras"
        if not self.absent(category, suffix):
            self.attempt(category, lambda: difference(
                self.mote.run(self.folder / f"model.{suffix}", self.arrays), self.want, False, KERAS_TOLERANCE))

    def mote_file(self):
        path, theirs = self.folder / "mote.tflite", self.folder / "official_float.tflite"
        path.unlink(missing_ok=True)

        def in_official():
            self.mote.call("convert", self.folder / "model.keras", "-o", path)
            return difference(official.run(path, self.first, reference=False), [w[:1] for w in self.want],
                              False, KERAS_TOLERANCE)

        def size():
            ours, limit = path.stat().st_size, theirs.stat().st_size
            return None if ours <= limit else f"{ours} bytes, the official converter writes {limit}"
        self.attempt("mote's .tflite in the official interpreter", in_official)
        if path.exists():
            self.attempt("mote's .tflite in mote", lambda: difference(
                self.mote.run(path, self.first), official.run(path, self.first), False, FLOAT_TOLERANCE))
            if theirs.exists() and self.is_whole(theirs):
                self.attempt("file size", size)

    def is_whole(self, theirs):
        """The official converter writes some recurrent models without their weights (variables that
        nothing initializes), and its own interpreter can't run them: no measure of size."""
        try:
            official.run(theirs, self.first, reference=False)
            return True
        except Exception as error:  # noqa: BLE001  the interpreter's own, of several types
            self.results.append(("file size", f"the official file does not run: {str(error)[:80]}", True))
            return False

    def same_as(self, oracle, path, arrays, want, integer):
        """Bit for bit where all is integer. Not so where floats are between, nor where the reference
        resolver lacks an operator (ELU, a late version of TILE) and other kernels stand in for all."""
        exact = integer and is_pure(oracle) and not oracle.substituted
        self.exact += exact
        return difference(self.mote.run(path, arrays), want, exact,
                          SUBSTITUTED_TOLERANCE if oracle.substituted else STEP_TOLERANCE)

    def mote_int8(self):
        path = self.folder / "mote_int8.tflite"

        def same_bits():
            self.mote.call("convert", self.folder / "model.keras", "-o", path, "--quantize", "int8",
                           "--calibrate", self.folder / "inputs.npz")
            oracle = official.Official(path, True, [a.shape for a in self.first])
            return self.same_as(oracle, path, self.first, oracle.run(self.first), True)
        self.attempt("mote's int8 .tflite in mote", same_bits)

    def official_file(self, mode):
        category = f"official {mode} .tflite in mote"
        path = self.folder / f"official_{mode}.tflite"
        if self.absent(category, mode):
            return
        arrays = [self.first[i] for i in self.seed["order"]]
        try:
            oracle = official.Official(path, True, [a.shape for a in arrays])
            want = oracle.run(arrays)
        except official.Refused as error:
            self.results.append((category, f"the official interpreter refuses: {str(error)[-200:]}", True))
            return
        if mode == "float":
            self.attempt(category, lambda: difference(self.mote.run(path, arrays), want, False, FLOAT_TOLERANCE))
        else:
            self.attempt(category, lambda: self.same_as(oracle, path, arrays, want, mode == "int8"))

    def all(self):
        self.keras_file("keras")
        self.keras_file("h5")
        self.mote_file()
        self.mote_int8()
        for mode in ("float", "dynamic", "int8"):
            self.official_file(mode)
        return self.seed, self.results, self.exact


def check_seed(arguments, seed):
    return Check(program.Mote(arguments.mote), arguments.work / f"seed{seed}").all()


def check_all(arguments, seeds, tally):
    """Counts all checks; {layer: [agree, disagree]} and the seeds that disagree."""
    layers, failed, exact = {}, set(), 0
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for seed, (facts, results, bits) in zip(seeds, pool.map(check_seed, [arguments] * len(seeds), seeds)):
            exact += bits
            label = f"seed {seed} ({facts['family']})"
            for category, why, skipped in results:
                if skipped:
                    tally.skipped(category, label, why)
                    continue
                tally.check(category, label, why)
                if why is not None:
                    failed.add(seed)
            for layer in facts["layers"]:
                layers.setdefault(layer, [0, 0])[seed in failed] += 1
    print(f"\n{exact} quantized files were compared bit for bit")
    return layers, failed


def chosen_seeds(arguments):
    if arguments.only:
        return arguments.only
    seeds = list(range(arguments.seeds))
    if arguments.family and arguments.reuse:
        return [s for s in seeds if (arguments.work / f"seed{s}/seed.json").exists() and json.loads(
            (arguments.work / f"seed{s}/seed.json").read_text())["family"] == arguments.family]
    if arguments.family:
        import keras_models
        count = len(keras_models.FAMILIES)
        return [s for s in seeds if keras_models.FAMILIES[s % count][0].__name__ == arguments.family]
    return seeds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=ROOT / "build/mote")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    parser.add_argument("--only", type=int, action="append", help="only this seed (may repeat)")
    parser.add_argument("--family", help="only seeds of this family")
    parser.add_argument("--reuse", action="store_true", help="with the models that are there")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build/random_keras")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    seeds, tally = chosen_seeds(arguments), Tally(arguments.verbose)
    crashed = [] if arguments.reuse else make_all(arguments, seeds)
    for seed in crashed:
        tally.failed("making the model", f"seed {seed}", "Keras or TensorFlow failed")
    seeds = [s for s in seeds if (arguments.work / f"seed{s}/seed.json").exists()]
    layers, failed = check_all(arguments, seeds, tally)
    if len(seeds) + len(crashed) >= SEEDS:
        for layer in REQUIRED:
            tally.check("coverage", layer, None if layer in layers else "no model has this layer")
    print("\nmodels with this layer: agree, disagree")
    for layer, (agree, disagree) in sorted(layers.items()):
        print(f"  {layer:<26} {agree:4} {disagree:4}")
    if failed:
        print("\nseeds that disagree: " + " ".join(map(str, sorted(failed))))
    print(f"\nrandom Keras models that agree in everything: {len(seeds) - len(failed)} of {len(seeds)}")
    return tally.finish("check")


if __name__ == "__main__":
    sys.exit(main())
