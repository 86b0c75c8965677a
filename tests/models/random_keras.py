#!/usr/bin/env python3
"""Random Keras models: mote against Keras, the official converter and the official interpreter.

    random_keras.py --mote build/mote              all seeds
    random_keras.py --only 17 --keep DIR           one seed, its files kept to look at
    random_keras.py --family lstm                  the seeds of one family

Each seeded model (keras_models.py) is saved as .keras and .h5. Mote's results agree with Keras' own to
1e-4 of the output's scale; mote's .tflite gives the same in the official interpreter and is no larger
than the official converter's file; and the three files that the official converter writes (float,
dynamic, int8) run in mote as they do in the official reference kernels: float to 1e-5, int8 bit for
bit. Needs the environment that .ci/run makes (tensorflow-cpu, ai-edge-litert).
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/conformance"))
import numpy as np  # noqa: E402

import mote as program  # noqa: E402
from compare import Tally, difference  # noqa: E402

SEEDS = 296
KERAS_TOLERANCE = 1e-4
FLOAT_TOLERANCE = 1e-5
# Dynamic-range kernels round activations to int8 as they go. A value on the edge between two steps may
# fall to either side where the float before it differs in its last bit; one step is 1/127 of the
# largest activation.
STEP_TOLERANCE = 1 / 127
CALIBRATION_SAMPLES = 4
# Every layer that the importer knows; the run fails if the seeds leave one out.
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


def official_files(made, folder):
    """The official converter's files: {"float" | "dynamic" | "int8": path or the reason it has none}."""
    import tensorflow as tf
    files = {}
    samples = [[array[i:i + 1] for array in made.inputs.values()] for i in range(CALIBRATION_SAMPLES)]
    for mode in ("float", "dynamic", "int8"):
        converter = tf.lite.TFLiteConverter.from_keras_model(made.model)
        if mode != "float":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if mode == "int8":
            converter.representative_dataset = lambda: iter(samples)
        try:
            content = converter.convert()
        except Exception as error:  # the converter raises whatever it likes
            files[mode] = f"the official converter: {str(error).splitlines()[0][:150] if str(error) else error!r}"
            continue
        files[mode] = folder / f"official_{mode}.tflite"
        files[mode].write_bytes(content)
    return files


def expected(made):
    import keras
    if made.twin is not None:
        outputs = made.twin()
    else:
        outputs = made.model.predict(list(made.inputs.values()), verbose=0)
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


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
        self.mote, self.folder, self.results = mote, folder, []

    def add(self, category, why, skipped=False):
        self.results.append((category, why, skipped))

    def attempt(self, category, function):
        import official
        try:
            self.add(category, function())
        except program.Failed as error:
            self.add(category, str(error))
        except official.Refused as error:
            self.add(category, f"the official interpreter refuses: {str(error)[:300]}")

    def keras_file(self, made, want, suffix):
        import keras
        path = self.folder / f"model.{suffix}"
        category = f".{suffix} against Keras"
        try:
            made.model.save(path)
            if suffix == "h5":
                keras.models.load_model(path, compile=False)  # Keras can't always read what it wrote
        except Exception as error:
            self.add(category, f"Keras itself: {str(error).splitlines()[0][:120]!r}", skipped=True)
            return
        # Unnamed inputs of a nested file may be renamed; the order is the model's.
        self.attempt(category, lambda: difference(
            self.mote.run(path, list(made.inputs.values())), want, False, KERAS_TOLERANCE))

    def mote_file(self, made, want, files):
        import official
        path = self.folder / "mote.tflite"
        first = [array[:1] for array in made.inputs.values()]

        def official_result():
            self.mote.call("convert", self.folder / "model.keras", "-o", path)
            return difference(official.run(path, first, reference=False), [w[:1] for w in want], False,
                              KERAS_TOLERANCE)

        def size():
            ours, theirs = path.stat().st_size, files["float"].stat().st_size
            return None if ours <= theirs else f"{ours} bytes, the official converter writes {theirs}"
        self.attempt("mote's .tflite in the official interpreter", official_result)
        if path.exists():
            self.attempt("mote's .tflite in mote", lambda: difference(
                self.mote.run(path, first), official.run(path, first), False, FLOAT_TOLERANCE))
            if isinstance(files["float"], pathlib.Path):
                self.add("file size", size())

    def mote_int8(self, made):
        import official
        path, data = self.folder / "mote_int8.tflite", self.folder / "calibrate.npz"
        np.savez(data, **{str(i): a for i, a in enumerate(made.inputs.values())})
        first = [array[:1] for array in made.inputs.values()]

        def same_bits():
            self.mote.call("convert", self.folder / "model.keras", "-o", path, "--quantize", "int8",
                           "--calibrate", data)
            oracle = official.Official(path, True, [a.shape for a in first])
            exact = is_pure(oracle)
            return difference(self.mote.run(path, first), oracle.run(first), exact, STEP_TOLERANCE)
        self.attempt("mote's int8 .tflite in mote", same_bits)

    def official_file(self, made, mode, file, order):
        import official
        category = f"official {mode} .tflite in mote"
        if not isinstance(file, pathlib.Path):
            self.add(category, file, skipped=True)
            return
        if order is None:
            self.add(category, "the official converter's own file disagrees with Keras", skipped=True)
            return
        arrays = list(made.inputs.values())
        first = [arrays[i][:1] for i in order]

        def agree():
            try:
                oracle = official.Official(file, True, [a.shape for a in first])
                want = oracle.run(first)
            except official.Refused as error:
                self.add(category, f"the official interpreter refuses: {error}", skipped=True)
                return "refused"
            exact = mode == "int8" and is_pure(oracle)
            tolerance = FLOAT_TOLERANCE if mode == "float" else STEP_TOLERANCE
            return difference(self.mote.run(file, first), want, exact, tolerance)
        before = len(self.results)
        self.attempt(category, agree)
        if len(self.results) == before + 2:  # refused: only the skip counts
            self.results.pop()


def check_seed(arguments, seed):
    """{"family", "layers", "results"} of one seed."""
    import keras_models
    import official
    name, made = keras_models.make(seed)
    folder = pathlib.Path(arguments.keep or arguments.work) / f"seed{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    check = Check(program.Mote(arguments.mote), folder)
    want = expected(made)
    np.savez(folder / "want.npz", **{str(i): w for i, w in enumerate(want)})
    for key, array in made.inputs.items():
        np.save(folder / f"{key}.npy", array)
    check.keras_file(made, want, "keras")
    check.keras_file(made, want, "h5")
    files = official_files(made, folder)
    order = input_order(files["float"], made, want)
    check.mote_file(made, want, files)
    check.mote_int8(made)
    for mode, file in files.items():
        check.official_file(made, mode, file, order)
    if not arguments.keep:
        shutil.rmtree(folder)
    return {"family": name, "layers": sorted(keras_models.layer_names(made.model)), "results": check.results}


def input_order(file, made, want):
    """Which of the model's inputs each input of the official converter's file is: the converter names
    and orders several as it likes, so the order that gives Keras' results is it. None if none does."""
    import official
    if not isinstance(file, pathlib.Path):
        return None
    arrays = list(made.inputs.values())
    for order in itertools.permutations(range(len(arrays))):
        try:
            got = official.run(file, [arrays[i][:1] for i in order], reference=False)
        except (official.Refused, ValueError):
            continue
        for outputs in itertools.permutations(got):  # these too
            if difference(list(outputs), [w[:1] for w in want], False, 1e-3) is None:
                return order
    return None


def work(arguments, seeds):
    """A worker process: one line of JSON before and one after each seed, so that a crash in
    TensorFlow costs one seed only."""
    for seed in seeds:
        print(json.dumps(["begin", seed]), flush=True)
        print(json.dumps(["done", seed, check_seed(arguments, seed)]), flush=True)


def run_seeds(arguments, seeds):
    """Yields (seed, result or None if the process died) from a chain of worker processes."""
    while seeds:
        command = [sys.executable, __file__, *arguments.passed_on, "--worker", ",".join(map(str, seeds))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                   stderr=None if arguments.verbose else subprocess.DEVNULL)
        begun, finished = None, set()
        for line in process.stdout:
            if not line.startswith('["'):
                continue  # TensorFlow prints too
            message = json.loads(line)
            begun = message[1]
            if message[0] == "done":
                finished.add(message[1])
                yield message[1], message[2]
        process.wait()
        if process.returncode == 0:
            return
        died = begun if begun not in finished else None
        if died is None and not finished:
            raise SystemExit(f"the worker failed at once; try: {' '.join(command)}")
        if died is not None:
            yield died, None
        seeds = [s for s in seeds if s not in finished and s != died]


def collect(arguments, seeds, tally):
    """Runs all seeds and counts; {layer: [agree, disagree]}, failed seeds."""
    layers, failed = {}, {}
    jobs = max(1, arguments.jobs)
    chunks = [seeds[i::jobs] for i in range(jobs)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for results in pool.map(lambda chunk: list(run_seeds(arguments, chunk)), chunks):
            for seed, result in results:
                if result is None:
                    tally.failed("process", f"seed {seed}", "Keras or TensorFlow crashed")
                    failed[seed] = ["process"]
                    continue
                for category, why, skipped in result["results"]:
                    label = f"seed {seed} ({result['family']})"
                    if skipped:
                        tally.skipped(category, label, why)
                        continue
                    tally.check(category, label, why)
                    if why is not None:
                        failed.setdefault(seed, []).append(category)
                for layer in result["layers"]:
                    layers.setdefault(layer, [0, 0])[seed in failed] += 1
    return layers, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=ROOT / "build/mote")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    parser.add_argument("--only", type=int, action="append", help="only this seed (may repeat)")
    parser.add_argument("--family", help="only seeds of this family")
    parser.add_argument("--keep", help="keep the files of each seed in this folder")
    parser.add_argument("--work", default=ROOT / "build/random_keras")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.passed_on = [a for a in sys.argv[1:]]
    if arguments.worker:
        work(arguments, [int(seed) for seed in arguments.worker.split(",")])
        return 0
    seeds = arguments.only or list(range(arguments.seeds))
    if arguments.family:
        import keras_models
        count = len(keras_models.FAMILIES)
        seeds = [s for s in seeds if keras_models.FAMILIES[s % count][0].__name__ == arguments.family]
    tally = Tally(arguments.verbose)
    layers, failed = collect(arguments, seeds, tally)
    if not (arguments.only or arguments.family):
        for layer in REQUIRED:
            if layer not in layers:
                tally.failed("coverage", layer, "no model has this layer")
    print("\nmodels with this layer: agree, disagree")
    for layer, (agree, disagree) in sorted(layers.items()):
        print(f"  {layer:<26} {agree:4} {disagree:4}")
    if failed:
        print("\nseeds that disagree: " + " ".join(map(str, sorted(failed))))
    print(f"\nrandom Keras models that agree in everything: {len(seeds) - len(failed)} of {len(seeds)}")
    return tally.finish("check")


if __name__ == "__main__":
    sys.exit(main())
