#!/usr/bin/env python3
"""Writes the models of some seeds into folders, for random_keras.py: the Keras files, the inputs, what
Keras computes, and what the official converter makes of them. Needs tensorflow and keras.

    make_models.py FOLDER SEED...
"""
import itertools
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))
import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

import keras_models  # noqa: E402
import official  # noqa: E402
from compare import difference  # noqa: E402

CALIBRATION_SAMPLES = 4
MODES = ("float", "dynamic", "int8")


def first_line(error):
    return str(error).strip().splitlines()[0][:150] if str(error).strip() else repr(error)


def save_keras(model, folder, absent):
    for suffix in ("keras", "h5"):
        path = folder / f"model.{suffix}"
        try:
            model.save(path)
            if suffix == "h5":
                keras.models.load_model(path, compile=False)
        except Exception as error:  # Keras can't always write the old format, or read what it wrote
            absent[suffix] = f"Keras itself: {first_line(error)}"
            path.unlink(missing_ok=True)


def of_one_sample(model):
    """The model with a batch of one. Recurrent layers convert only so."""
    inputs = [keras.Input(batch_shape=(1, *tensor.shape[1:]), dtype=tensor.dtype, name=tensor.name)
              for tensor in model.inputs]
    return keras.Model(inputs, model(inputs if len(inputs) > 1 else inputs[0]))


def converters(made):
    """How the official converter may take the model, the usual way first."""
    yield lambda: tf.lite.TFLiteConverter.from_keras_model(made.model)
    yield lambda: tf.lite.TFLiteConverter.from_keras_model(of_one_sample(made.model))


def convert(made, folder, absent):
    """The official converter's files."""
    samples = [[array[i:i + 1] for array in made.inputs.values()] for i in range(CALIBRATION_SAMPLES)]
    for mode in MODES:
        # With data to calibrate on, the second way crashes the converter on recurrent layers.
        for start in itertools.islice(converters(made), 1 if mode == "int8" else 2):
            absent.pop(mode, None)
            try:
                content = convert_in(mode, start(), samples)
            except Exception as error:  # it raises whatever it likes
                absent[mode] = f"the official converter: {first_line(error)}"
                continue
            (folder / f"official_{mode}.tflite").write_bytes(content)
            break


def convert_in(mode, converter, samples):
    if mode != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "int8":
        converter.representative_dataset = lambda: iter(samples)
    return converter.convert()


def expected(made):
    outputs = made.twin() if made.twin is not None else \
        made.model.predict(list(made.inputs.values()), verbose=0)
    return [np.asarray(output) for output in keras.tree.flatten(outputs)]


def input_order(path, arrays, want):
    """Which of the model's inputs each input of the official file is: the converter names and orders
    several as it likes, so the order that gives Keras' results is it. None if none does."""
    if not path.exists():
        return None
    shapes = [detail["shape_signature"] for detail in official.Official(path).inputs]
    for order in itertools.permutations(range(len(arrays))):
        if any(len(shape) != arrays[i].ndim or any(want_d not in (-1, d) for want_d, d in
                                                  zip(shape[1:], arrays[i].shape[1:]))
               for shape, i in zip(shapes, order)):
            continue
        try:
            got = official.run(path, [arrays[i][:1] for i in order], reference=False)
        except (official.Refused, ValueError):
            continue
        for outputs in itertools.permutations(got):
            if difference(list(outputs), [w[:1] for w in want], False, 1e-3) is None:
                return order
    return None


def make(seed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    name, made = keras_models.make(seed)
    absent = {}
    want = expected(made)
    arrays = list(made.inputs.values())
    np.savez(folder / "inputs.npz", **{str(i): a for i, a in enumerate(arrays)})
    np.savez(folder / "want.npz", **{str(i): w for i, w in enumerate(want)})
    save_keras(made.model, folder, absent)
    convert(made, folder, absent)
    order = input_order(folder / "official_float.tflite", arrays, want)
    if order is None:
        for mode in MODES:
            absent.setdefault(mode, "the official converter's own file disagrees with Keras")
    (folder / "seed.json").write_text(json.dumps({
        "family": name, "layers": sorted(keras_models.layer_names(made.model)), "absent": absent,
        "order": order}))


if __name__ == "__main__":
    for number in sys.argv[2:]:
        print(f"begin {number}", flush=True)
        make(int(number), pathlib.Path(sys.argv[1]) / f"seed{number}")
        print(f"done {number}", flush=True)
