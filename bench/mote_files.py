"""Mote's own conversions of the suite's models, and what they depend on."""
import pathlib
import subprocess

import cache

MOTE = cache.ROOT / "build/mote"
# What decides what a conversion writes; kernels are not in it, since their results do not change.
SOURCES = ("base", "graph", "ops", "import", "formats", "passes", "eval", "compress", "export", "driver")
FLAG = {"float32": "none", "float16": "float16", "dynamic": "dynamic", "int8": "int8", "int16x8": "int16x8"}


def sources_key():
    files = sorted(path for folder in SOURCES for path in (cache.ROOT / "src" / folder).rglob("*")
                   if path.suffix in (".cpp", ".h", ".inc") and not path.stem.endswith("_test"))
    return cache.key_of(*files)


def run(path, source, precision, calibration):
    command = [str(MOTE), "convert", str(source), "-o", str(path), "--quantize", FLAG[precision]]
    if precision in ("int8", "int16x8"):
        command += ["--calibrate", str(calibration)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise cache.Refused(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "it crashed")


def convert(name, precision, sources):
    """PRECISION.mote.tflite in the model's folder; whether it is there."""
    folder = cache.model_folder(name)
    source = folder / "model.keras"
    return cache.make(folder / f"{precision}.mote.tflite", cache.key_of(source, sources, precision),
                      lambda path: run(path, source, precision, folder / "calibration.npz"))
