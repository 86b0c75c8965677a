#!/usr/bin/env python3
"""The real models in shared/data/models: each imports, runs, and agrees with the official interpreter
on seeded and on real inputs; the same network in two formats agrees with itself.

    shared_models.py --mote build/mote [--model NAME]

The folder is ../shared beside the repository, or $MOTE_SHARED. Where it is absent all is skipped.
"""
import argparse
import pathlib
import sys

import numpy as np
from ai_edge_litert import schema_py_generated as schema

import media
import mote as program
import official
from compare import Tally, difference, scales_of

SHARED = program.SHARED / "data"
MODELS = SHARED / "models"
INPUTS = MODELS / "inputs"
# What may not run, and why; anything else must.
EXCEPTED = {"audio_preprocessor_int8.tflite": "custom signal operators (the formats issue)"}
STATEFUL = "VAR_HANDLE"
# The official interpreter takes this file's 8-bit SVDF state for 16-bit and overruns it (only TensorFlow
# Lite Micro has that form), so there is nothing to compare with: it must import and run.
NO_ORACLE = {"keyword_scrambled_8bit.tflite": [((1, 96), np.int16)]}
REFUSED = {"nested_container.keras": "NestedDenseModel"}  # custom classes: a clean refusal names them
# The same network in two formats: files, and how far apart they may be (None: one is quantized, so
# the largest output must be the same one and no value may be further off than this part of 1).
# fan_low_model and fizzbuzz_model are not pairs: their .h5 and .tflite were trained apart (the weights
# differ).
PAIRS = [("fan_low_model-deploy.h5", "fan_low_model-deploy.tflite", 1e-5, None),
         ("xor_model.h5", "xor_model.tflite", 1e-5, None),
         ("sl_image_example1.h5", "sl_image_example1.tflite", None, 0.1),
         ("trained_lstm.tflite", "trained_lstm_int8.tflite", None, 0.1)]


def image_of(shape, name):
    """A picture as float32 [1, height, width, channels] in 0..255."""
    picture = media.resize(media.read_bmp(INPUTS / name), shape[1], shape[2]).astype(np.float32)
    if shape[3] == 1:
        picture = picture.mean(2, keepdims=True)
    return picture[None]


def columns(path, names, count):
    lines = path.read_text().splitlines()
    header = [h.strip() for h in lines[0].split(",")]
    at = [header.index(name) for name in names]
    rows = [line.split(",") for line in lines[1:]]
    step = max(1, len(rows) // count)
    return np.array([[float(row[i]) for i in at] for row in rows[::step][:count]], np.float32)


def real_inputs(name, shape, dtype):
    """Samples of the model's first input, as float32 arrays in natural units; [] where there are none.
    For integer inputs a value in 0..1 covers the type's range."""
    stem = name.split(".")[0]
    integer = np.issubdtype(dtype, np.integer)
    if len(shape) == 4 and shape[3] in (1, 3) and "speech" not in stem:
        shape = [1] + [d if d and d > 1 else 40 for d in shape[1:3]] + [shape[3]]
        pictures = ("person.bmp", "no_person.bmp", "bird.bmp")
        return [image_of(shape, picture) / 255 for picture in pictures]
    if stem.startswith("trained_lstm"):
        return [media.read_png(INPUTS / f"mnist_sample{i}.png")[None].astype(np.float32) / 255
                for i in range(10)]
    if stem == "iris":
        lines = (INPUTS / "iris.csv").read_text().splitlines()
        rows = [[float(c) for c in line.split(",")[:4]] for line in lines[1::15] if line.strip()]
        return [np.float32([row]) for row in rows]
    if stem.startswith("fan_low"):
        table = np.loadtxt(SHARED / "fan_vibration/fan_0_low_0_weight.csv", delimiter=",", skiprows=1,
                           usecols=(1, 2, 3), max_rows=1000, dtype=np.float32)
        windows = table.reshape(5, 200, 3)  # median absolute deviation of each axis
        features = np.median(np.abs(windows - np.median(windows, 1, keepdims=True)), 1)
        return [row.reshape(shape).astype(np.float32) for row in features]
    if stem.startswith("gcp_predictive"):
        names = ["Air temperature [K]", "Rotational speed [rpm]", "Torque [Nm]"]
        table = columns(next((SHARED / "ai4i2020").glob("*.csv")), names, 8)
        return [row[None] for row in (table - table.mean(0)) / table.std(0)]
    if stem.startswith("xor"):
        return [np.float32([[a, b]]) for a in (0, 1) for b in (0, 1)]
    if stem.startswith("fizzbuzz"):
        return [np.float32([[(n >> bit) & 1 for bit in range(7)]]) for n in (1, 3, 5, 15, 16, 98)]
    if stem.startswith(("sin_model", "hello_world")):
        scale = 1 if not integer else 1 / (2 * np.pi)
        return [np.float32([[x * scale]]) for x in np.linspace(0, 2 * np.pi, 7)]
    if integer or "speech" in stem or "oww" in stem:
        count = int(np.prod([d for d in shape if d and d > 0]))
        frames = shape[1] if len(shape) > 2 and shape[1] and shape[1] > 1 else 49 if count % 49 == 0 else 1
        sounds = [media.read_wav(INPUTS / f"{word}_1000ms.wav") for word in ("yes", "no", "noise", "silence")]
        return [media.spectrogram(sound, frames, count // frames).reshape(shape) for sound in sounds]
    return []


def to_type(array, detail):
    """0..1 over an integer input's range, or the float itself."""
    dtype = detail["dtype"]
    if not np.issubdtype(dtype, np.integer):
        return array.astype(dtype)
    limits = np.iinfo(dtype)
    wide = np.round(array * (float(limits.max) - limits.min) + limits.min)
    return np.clip(wide, limits.min, limits.max).astype(dtype)


def seeded_inputs(details, count):
    rng = np.random.default_rng(0)
    for _ in range(count):
        arrays = []
        for detail in details:
            shape, dtype = detail["shape"], detail["dtype"]
            if np.issubdtype(dtype, np.integer):
                limits = np.iinfo(dtype)
                arrays.append(rng.integers(limits.min, limits.max, shape, endpoint=True).astype(dtype))
            else:
                arrays.append(rng.uniform(-1, 1, shape).astype(dtype))
        yield arrays


def is_integer_model(oracle):
    return all(np.issubdtype(d["dtype"], np.integer) for d in oracle.outputs)


def readable(path):
    """The model as the official interpreter takes it. It refuses an old file's bias that names a
    quantized dimension which a vector lacks, so that is put right in a copy; mote gets the original."""
    content = path.read_bytes()
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    wrong = [t.quantization for g in model.subgraphs for t in g.tensors
             if t.quantization and t.quantization.quantizedDimension >= max(1, len(t.shape))]
    if not wrong:
        return content
    import flatbuffers
    for quantization in wrong:
        quantization.quantizedDimension = 0
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def samples_of(name, oracle, shape=None):
    first = oracle.inputs[0]
    real = [[to_type(x, first)] for x in real_inputs(name, list(shape or first["shape"]), first["dtype"])] \
        if len(oracle.inputs) == 1 else []
    return list(seeded_inputs(oracle.inputs, 2)), real


def check_tflite(mote, path, tally):
    """The file through mote and through the official reference kernels."""
    content = readable(path)
    oracle = official.Official(content)
    stateful = any(op["op_name"] == STATEFUL for op in oracle.interpreter._get_ops_details())
    seeded, real = samples_of(path.name, oracle)
    exact = is_integer_model(oracle)
    for kind, samples in (("seeded", seeded), ("real", real)):
        wants = [official.run(content, arrays) for arrays in samples]
        scales = scales_of(wants)
        for index, (arrays, want) in enumerate(zip(samples, wants)):
            label = f"{path.name} {kind} {index}"
            try:
                tally.check(".tflite", label,
                            difference(mote.run(path, arrays), want, exact, 1e-5, scales))
            except program.Failed as error:
                if stateful and "unsupported" in error.text:
                    tally.skipped(".tflite", path.name, f"stateful: {error.text.strip()}")
                    return
                tally.failed(".tflite", label, str(error))


def check_keras(mote, path, tally, work):
    """The Keras file through mote, and what mote converted through the official interpreter."""
    out = work / f"{path.stem}_from_keras.tflite"
    mote.call("convert", path, "-o", out)
    oracle = official.Official(out)
    seeded, real = samples_of(path.name, oracle)
    for kind, samples in (("seeded", seeded), ("real", real)):
        wants = [official.run(out, arrays) for arrays in samples]
        scales = scales_of(wants)
        for index, (arrays, want) in enumerate(zip(samples, wants)):
            for source in (path, out):
                tally.check("keras", f"{path.name} {kind} {index}{'' if source == path else ' converted'}",
                            difference(mote.run(source, arrays), want, False, 1e-5, scales))


def check_pair(mote, first, second, tolerance, quantized_error, tally):
    """Two formats of one network, both through mote, on real inputs."""
    oracle = official.Official(readable(MODELS / "tflite" / second))
    _, real = samples_of(second, oracle)
    scale_in, zero_in = oracle.inputs[0]["quantization"]
    scale_out, zero_out = oracle.outputs[0]["quantization"]
    folder = "tflite" if first.endswith("tflite") else "keras"
    for index, (array,) in enumerate(real):
        natural = array if tolerance else (array.astype(np.float32) - zero_in) * np.float32(scale_in)
        a, = mote.run(MODELS / folder / first, [natural])
        b, = mote.run(MODELS / "tflite" / second, [array])
        label = f"{first} and {second}, real {index}"
        if tolerance:
            tally.check("pairs", label, difference([a.reshape(b.shape)], [b], False, tolerance))
            continue
        b = (b.astype(np.float32) - zero_out) * np.float32(scale_out)
        error = float(np.max(np.abs(a - b)))
        ordered = np.sort(a.reshape(-1))
        clear = ordered[-1] - ordered[-2] > 2 * quantized_error
        same = a.argmax() == b.argmax() or not clear
        tally.check("pairs", label, None if same and error <= quantized_error else
                    f"largest difference {error:.3f}, same answer: {same}")


def check_refusal(mote, path, name, tally):
    try:
        mote.run(path, [])
        tally.failed("refused", path.name, "ran, though it has a custom class")
    except program.Failed as error:
        clean = error.code == 1 and name in error.text and len(error.text.strip().splitlines()) == 1
        tally.check("refused", path.name, None if clean else str(error))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=program.ROOT / "build/mote")
    parser.add_argument("--model", help="only files whose name contains this")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    tally = Tally(arguments.verbose)
    if not MODELS.is_dir():
        tally.skipped("shared models", str(MODELS), "the folder is absent (set MOTE_SHARED to where it is)")
        return tally.finish("shared models")
    mote, work = program.Mote(arguments.mote), program.ROOT / "build/conformance"
    work.mkdir(parents=True, exist_ok=True)
    wanted = arguments.model or ""
    for path in sorted(MODELS.glob("tflite/*.tflite")) + sorted(MODELS.glob("keras/*")):
        if wanted not in path.name:
            continue
        category = ".tflite" if path.suffix == ".tflite" else "keras"
        if path.name in EXCEPTED:
            tally.skipped(category, path.name, EXCEPTED[path.name])
            continue
        try:
            if path.name in NO_ORACLE:
                arrays = [np.zeros(shape, dtype) for shape, dtype in NO_ORACLE[path.name]]
                outputs = mote.run(path, arrays)
                tally.check(category, f"{path.name} (runs)", None if outputs else "no outputs")
            elif path.name in REFUSED:
                check_refusal(mote, path, REFUSED[path.name], tally)
            elif path.suffix == ".tflite":
                check_tflite(mote, path, tally)
            else:
                check_keras(mote, path, tally, work)
        except (program.Failed, official.Refused) as error:
            tally.failed(category, path.name, str(error))
    for first, second, tolerance, quantized_error in PAIRS:
        if wanted in first or wanted in second:
            try:
                check_pair(mote, first, second, tolerance, quantized_error, tally)
            except program.Failed as error:
                tally.failed("pairs", f"{first} and {second}", str(error))
    return tally.finish("shared models")


if __name__ == "__main__":
    sys.exit(main())
