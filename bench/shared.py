"""The models of ../shared/data/models (MOTE_SHARED overrides ../shared), as they are: one row each, with the
precision "as_is". Their .tflite files run on all engines that can take them; the others are listed as skipped.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import cache

FOLDER = pathlib.Path(os.environ.get("MOTE_SHARED") or cache.ROOT.parent / "shared") / "data/models"
SEED = 7
VERSION = 1


def names():
    """Those that are there, as row names."""
    return [f"shared/{path.stem}" for path in sorted((FOLDER / "tflite").glob("*.tflite"))]


def skipped():
    """What is not measured, and why, as lines of text."""
    if not FOLDER.exists():
        return [f"models of {FOLDER}: there is no such folder"]
    others = sorted(FOLDER.glob("onnx/*.onnx"))
    return [f"{path.name}: Mote does not read ONNX" for path in others]


def make_data(path, source):
    """data.npz: random inputs, and what the official reference kernels make of them."""
    import numpy as np
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    interpreter = Interpreter(str(source), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    interpreter.allocate_tensors()
    rng, arrays = np.random.default_rng(SEED), {}
    for i, detail in enumerate(interpreter.get_input_details()):
        shape, dtype = tuple(detail["shape"]), detail["dtype"]
        if np.issubdtype(dtype, np.floating):
            array = rng.uniform(-1, 1, shape).astype(dtype)
        elif dtype in (np.int8, np.uint8, np.int16):
            limits = np.iinfo(dtype)
            array = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        else:
            array = rng.integers(0, 2, shape).astype(dtype)
        interpreter.set_tensor(detail["index"], array)
        arrays[f"in_{detail['name']}"] = array
    interpreter.invoke()
    for i, detail in enumerate(interpreter.get_output_details()):
        arrays[f"out_{i}"] = interpreter.get_tensor(detail["index"])
    np.savez(path, **arrays)


def to_onnx(path, source):
    """By tf2onnx, which reads .tflite; in the environment that has TensorFlow."""
    python = cache.FOLDER / "venv-convert/bin/python"
    done = subprocess.run([str(python), "-m", "tf2onnx.convert", "--tflite", str(source), "--output", str(path),
                           "--opset", "17"], capture_output=True, text=True, check=False,
                          env={**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"})
    if done.returncode or not path.exists():
        lines = [x for x in done.stderr.splitlines() if "rror" in x] or ["tf2onnx fails"]
        raise cache.Refused(lines[-1])


def prepare(name):
    """The model's folder, with as_is.mote.tflite, data.npz and model.onnx. Returns why it can't be used."""
    source = FOLDER / "tflite" / (name.removeprefix("shared/") + ".tflite")
    folder = cache.model_folder(name)
    key = cache.key_of(source, VERSION)
    for kind in ("mote", "official"):
        cache.make(folder / f"as_is.{kind}.tflite", key, lambda path: shutil.copyfile(source, path))
    cache.make(folder / "model.onnx", key, lambda path: to_onnx(path, source))
    data = folder / "data.npz"
    if not cache.fresh(data, key):
        # A process of its own: the official kernels crash on some models.
        done = subprocess.run([sys.executable, __file__, str(data), key, str(source)], capture_output=True, check=False)
        if done.returncode < 0:
            cache.blame_crash(folder, f"they crash (signal {-done.returncode})")
    return f"the official reference kernels: {cache.failure(data)}" if cache.failure(data) else None


if __name__ == "__main__":
    cache.make(pathlib.Path(sys.argv[1]), sys.argv[2], lambda path: make_data(path, sys.argv[3]))
