#!/usr/bin/env python3
"""Truncated, corrupt and hostile files of every format through the command line: each ends in exit
code 1 and one line on standard error that names the file, with no output file left; never a crash, a
hang or a half-written file. (A changed byte may also leave a file that is still valid.)

    bad_input.py --mote build/mote [--quick]
"""
import argparse
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import zipfile

import numpy as np

import mote as program
from compare import Tally
from tfl import Model, Quant, options

ROOT = program.ROOT
TIME_LIMIT_S = 20
MEMORY_LIMIT_KB = 2_000_000


def call(mote, *arguments):
    """(exit code, standard error, seconds), with a limit on time and memory."""
    start = time.monotonic()
    command = f'ulimit -v {MEMORY_LIMIT_KB}; exec "$0" "$@"'
    try:
        done = subprocess.run(["sh", "-c", command, mote, *map(str, arguments)], capture_output=True,
                              timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return "timeout", "", TIME_LIMIT_S
    return done.returncode, done.stderr.decode("utf-8", "replace"), time.monotonic() - start


def refusal(code, text, name, folder):
    """None if mote refused as it should, else what is wrong."""
    if code == "timeout":
        return f"no answer in {TIME_LIMIT_S} s"
    if code != 1:
        return f"exit {code}, wanted 1: {text.strip()[-300:]}"
    lines = text.strip().splitlines()
    if len(lines) != 1:
        return f"{len(lines)} lines on standard error, wanted one: {text.strip()[-300:]!r}"
    if name not in lines[0]:
        return f"the message does not name the file: {lines[0]!r}"
    if "internal" in lines[0].lower():
        return f"blamed on mote itself: {lines[0]!r}"
    left = [path.name for path in folder.iterdir() if path.name != name]
    return f"left behind: {left}" if left else None


class Checks:
    def __init__(self, mote, tally):
        self.mote, self.tally = mote, tally

    def convert(self, category, label, name, content, may_work=False, verb="convert"):
        """Converts (or runs) a file of this content. may_work: exit 0 is right too."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / name).write_bytes(content)
            out = folder / "out.tflite"
            code, text, _ = call(self.mote, verb, folder / name, *(["-o", out] if verb == "convert" else []))
            if code == 0 and may_work:
                self.tally.check(category, label, None if out.exists() else "exit 0, but no output")
                return
            self.tally.check(category, label, refusal(code, text, name, folder))

    def data(self, label, model, content, name="data.npz", verb="evaluate"):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / name).write_bytes(content)
            arguments = ["convert", model, "-o", folder / "out.tflite", "--quantize", "int8", "--calibrate"] \
                if verb == "convert" else ["evaluate", model, "--data"]
            code, text, _ = call(self.mote, *arguments, folder / name)
            self.tally.check("data files", label, refusal(code, text, name, folder))


def cuts(size, count):
    """Lengths to cut a file to: its first bytes one by one, then spread evenly."""
    return sorted(set(list(range(0, min(16, size))) + list(np.linspace(0, size - 1, count, dtype=int))))


def truncations(checks, sources, count):
    for path in sources:
        content = path.read_bytes()
        for size in cuts(len(content), count):
            checks.convert("truncated", f"{path.name} cut to {size}", "cut" + path.suffix, content[:size])


def corruptions(checks, sources, count):
    """Random bytes changed: refused or still readable, but never a crash."""
    rng = np.random.default_rng(1)
    for path in sources:
        content = path.read_bytes()
        for trial in range(count):
            bad = bytearray(content)
            for _ in range(int(rng.integers(1, 9))):
                # Where the structure is: .tflite and .h5 keep it all over, zips at the end too.
                bad[int(rng.integers(0, len(bad)))] = int(rng.integers(0, 256))
            checks.convert("corrupt", f"{path.name} trial {trial}", "bad" + path.suffix, bytes(bad),
                           may_work=True)


def rezip(path, change, compression=zipfile.ZIP_STORED):
    """The .keras file with members changed: change(name, bytes) -> bytes, or None to drop it."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(out, "w", compression) as target:
        for name in source.namelist():
            content = change(name, source.read(name))
            if content is not None:
                target.writestr(name, content)
    return out.getvalue()


def edit_config(path, edit):
    """The .keras file with its config edited as a Python object."""
    def change(name, content):
        if name != "config.json":
            return content
        config = json.loads(content)
        edit(config)
        return json.dumps(config).encode()
    return rezip(path, change)


def dense_layer(config):
    return next(layer for layer in config["config"]["layers"] if layer["class_name"] == "Dense")


def hostile_keras(checks):
    source = ROOT / "examples/dense/dense.keras"

    def bad(label, content):
        checks.convert("hostile .keras", label, "bad.keras", content)

    for member in ("config.json", "model.weights.h5"):
        bad(f"no {member}", rezip(source, lambda n, c, m=member: None if n == m else c))
        bad(f"empty {member}", rezip(source, lambda n, c, m=member: b"" if n == m else c))
    bad("config.json is not JSON", rezip(source, lambda n, c: b"{[" if n == "config.json" else c))
    bad("config.json nests 100000 deep",
        rezip(source, lambda n, c: b"[" * 100000 if n == "config.json" else c))
    bad("config.json is a list", rezip(source, lambda n, c: b"[]" if n == "config.json" else c))

    def lambda_layer(config):
        config["config"]["layers"][2] = {
            "module": "keras.layers", "class_name": "Lambda", "registered_name": None,
            "config": {"name": "sneaky", "function": {"class_name": "__lambda__", "config": {"code": "4wE="}}}}
    bad("a Lambda layer", edit_config(source, lambda_layer))

    def custom(config):
        dense_layer(config).update(class_name="Mine", registered_name="pkg>Mine", module="mine")
    bad("a custom layer", edit_config(source, custom))
    for units in (-1, 0, 2**31, 2**62, "many", None, 1.5, 65):
        bad(f"units {units}", edit_config(source, lambda c, u=units: dense_layer(c)["config"].update(units=u)))
    bad("an unknown activation",
        edit_config(source, lambda c: dense_layer(c)["config"].update(activation="nope")))
    for shape in ([None, -5], [None, 2**40], [None] + [2**20] * 4, "ten", [None, 11]):
        bad(f"batch_shape {shape}", edit_config(
            source, lambda c, s=shape: c["config"]["layers"][0]["config"].update(batch_shape=s)))

    for name in ("../evil.txt", "/etc/evil.txt", "a/../../evil.txt"):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            target.writestr(name, b"x")
            with zipfile.ZipFile(source) as good:
                for member in good.namelist():
                    target.writestr(member, good.read(member))
        bad(f"a member named {name}", out.getvalue())
    bomb = rezip(source, lambda n, c: b" " * 300_000_000 if n == "config.json" else c, zipfile.ZIP_DEFLATED)
    bad("a zip bomb", bomb)

    graph = ROOT / "tests/fixtures/models/two_of_each.keras"

    def cycle(config):
        layers = config["config"]["layers"]
        last = layers[-1]["name"]
        text = json.dumps(config).replace('"keras_history": ["a", 0, 0]', f'"keras_history": ["{last}", 0, 0]')
        config.clear()
        config.update(json.loads(text))
    bad("a cycle of layers", edit_config(graph, cycle))
    bad("a layer that is not there", edit_config(graph, lambda c: c["config"]["layers"].pop(2)))


def hostile_h5(checks):
    source = (ROOT / "examples/dense/dense.h5").read_bytes()
    at = source.find(b'"class_name": "Dense"')
    changed = source.replace(b'"class_name": "Dense"', b'"class_name": "Dance"')
    assert at > 0
    checks.convert("hostile .h5", "an unknown layer", "bad.h5", changed)
    for offset in range(8, 96, 4):  # the superblock's sizes and addresses
        for value in (0xFFFFFFFF, 0x7FFFFFF0, 0):
            bad = bytearray(source)
            bad[offset:offset + 4] = struct.pack("<I", value)
            if bytes(bad) != source:
                checks.convert("hostile .h5", f"offset {offset} = {value:#x}", "bad.h5", bytes(bad), may_work=True)


def one_operator(code="ADD", table=None, x=(1, 4), y=(1, 4), out=(1, 4), edit=None, dtype="float32"):
    model = Model()
    ids = [model.input(list(x), dtype), model.const(np.zeros(y, dtype))]
    model.op(code, ids, [model.output(list(out), dtype)],
             table or options("Add", fusedActivationFunction=0))
    if edit:
        edit(model)
    return model.bytes()


def hostile_tflite(checks):
    def bad(label, content, verb="convert"):
        checks.convert("hostile .tflite", label, "bad.tflite", content, verb=verb)

    def operator(field, value):
        return lambda m: setattr(m.operators[0], field, np.int32(value))

    def tensor(index, field, value):
        return lambda m: setattr(m.tensors[index], field, value)

    bad("no such operand", one_operator(edit=operator("inputs", [0, 99])))
    bad("operand -7", one_operator(edit=operator("inputs", [0, -7])))
    bad("no such result", one_operator(edit=operator("outputs", [77])))
    bad("an operator that reads its own result", one_operator(edit=operator("inputs", [2, 1])))
    bad("too few operands", one_operator(edit=operator("inputs", [0])))
    bad("negative extent", one_operator(edit=tensor(1, "shape", np.int32([-4, 1]))))
    bad("huge constant", one_operator(edit=tensor(1, "shape", np.int32([2**20, 2**20]))))
    bad("overflowing shape", one_operator(edit=tensor(1, "shape", np.int32([2**30] * 8))))
    bad("buffer too short", one_operator(edit=tensor(1, "shape", np.int32([1, 5]))))
    bad("no such buffer", one_operator(edit=tensor(1, "buffer", 40)))
    bad("no such type", one_operator(edit=tensor(1, "type", 99)))
    bad("shapes that do not broadcast", one_operator(x=(2, 3), y=(2, 4), out=(2, 3)))

    def opcode(model):
        model.operators[0].opcodeIndex = 9
    bad("no such operator code", one_operator(edit=opcode))

    def inputs(model):
        model.inputs = [55]
    bad("a model input that is not there", one_operator(edit=inputs))
    for kernel, stride in [(0, 1), (3, 0), (3, -1), (2**30, 1), (-3, 1)]:
        model = Model()
        x = model.input([1, 8, 8, 2], "float32")
        table = options("Pool2D", padding=1, strideH=stride, strideW=stride, filterHeight=kernel,
                        filterWidth=kernel)
        model.op("MAX_POOL_2D", [x], [model.output([1, 6, 6, 2], "float32")], table)
        bad(f"pool kernel {kernel} stride {stride}", model.bytes())
    for quant_scale in (0.0, -1.0, float("nan"), float("inf")):
        model = Model()
        ids = [model.input([1, 4], "int8", Quant(quant_scale)), model.input([1, 4], "int8", Quant(0.1))]
        model.op("ADD", ids, [model.output([1, 4], "int8", Quant(0.1))], options("Add", fusedActivationFunction=0))
        # A scale of 0 means "not quantized" in old files: only running it is wrong.
        bad(f"scale {quant_scale}", model.bytes(), "run" if quant_scale == 0 else "convert")
    model = Model()
    ids = [model.input([], "int32")]
    for _ in range(2):  # condition and body call each other
        body = model.subgraph()
        body.op("WHILE", [body.input([], "int32")], [body.output([], "int32")],
                options("While", condSubgraphIndex=1, bodySubgraphIndex=2))
    model.op("WHILE", ids, [model.output([], "int32")], options("While", condSubgraphIndex=1, bodySubgraphIndex=2))
    bad("subgraphs that call each other", model.bytes())
    model = Model()
    model.op("WHILE", [model.input([], "int32")], [model.output([], "int32")],
             options("While", condSubgraphIndex=7, bodySubgraphIndex=-1))
    bad("no such subgraph", model.bytes())
    model = Model()
    model.op("CUSTOM", [model.input([1], "float32")], [model.output([1], "float32")], custom="Mystery")
    bad("an unknown custom operator", model.bytes())
    bad("not a model at all", b"TFL3" * 100)
    bad("the wrong identifier", b"\x1c\0\0\0TFLX" + one_operator()[8:])
    bad("NaN in weights", one_operator(edit=lambda m: m.buffers[1].__setattr__(
        "data", np.frombuffer(np.float32([np.nan] * 4).tobytes(), np.uint8))))


def npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def data_files(checks):
    model = ROOT / "examples/dense/dense.keras"
    x, y = np.zeros((4, 10), np.float32), np.zeros((4, 1), np.float32)
    checks.data("wrong width", model, npz(x=np.zeros((4, 9), np.float32), y=y))
    checks.data("no x", model, npz(z=x, y=y))
    checks.data("no y", model, npz(x=x))
    checks.data("x and y of different length", model, npz(x=x, y=y[:3]))
    checks.data("no samples", model, npz(x=x[:0], y=y[:0]))
    checks.data("strings", model, npz(x=np.array([["a"] * 10] * 4), y=y))
    checks.data("pickled objects", model, npz(x=np.array([{}] * 4, dtype=object), y=y))
    checks.data("not a zip", model, b"hello")
    good = npz(x=x, y=y)
    for size in cuts(len(good), 12):
        checks.data(f"cut to {size}", model, good[:size])
    for value in (np.nan, np.inf):
        bad = x.copy()
        bad[2, 3] = value
        checks.data(f"{value} in calibration data", model, npz(x=bad), verb="convert")
    checks.data("no calibration samples", model, npz(x=x[:0]), verb="convert")
    for label, header in [("huge shape", "(4611686018427387904, 4)"), ("negative shape", "(-4, 10)"),
                          ("code in the header", "__import__('os')")]:
        text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {header}, }}".ljust(117) + "\n"
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as target:
            target.writestr("x.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(160))
        checks.data(label, model, out.getvalue())


def usage(checks):
    """Wrong command lines are exit code 2; a file that is not there is 1."""
    for arguments in (["convert"], ["nope"], ["convert", "a.keras", "-o", "b.tflite", "--quantize", "int7"], []):
        code, text, _ = call(checks.mote, *arguments)
        why = None if code == 2 and text.strip() else f"exit {code}, wanted 2 and a message: {text[-200:]!r}"
        checks.tally.check("usage", " ".join(arguments) or "(no verb)", why)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        code, text, _ = call(checks.mote, "run", folder / "absent.tflite")
        checks.tally.check("usage", "a file that is not there", refusal(code, text, "absent.tflite", folder))
        (folder / "notes.txt").write_text("hello")
        code, text, _ = call(checks.mote, "inspect", folder / "notes.txt")
        checks.tally.check("usage", "a text file", refusal(code, text, "notes.txt", folder))
        model = ROOT / "examples/dense/dense.keras"
        code, text, _ = call(checks.mote, "convert", model, "-o", folder / "no/such/folder/out.tflite")
        checks.tally.check("usage", "an output folder that is not there",
                           None if code == 1 and len(text.strip().splitlines()) == 1 else f"exit {code}: {text!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mote", default=ROOT / "build/mote")
    parser.add_argument("--quick", action="store_true", help="fewer cuts and corruptions")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    tally = Tally(arguments.verbose)
    checks = Checks(str(pathlib.Path(arguments.mote).resolve()), tally)
    work = ROOT / "build/conformance"
    work.mkdir(parents=True, exist_ok=True)
    tflite = work / "bad_input_source.tflite"
    sources = [ROOT / "examples/dense/dense.keras", ROOT / "examples/dense/dense.h5"]
    try:
        program.Mote(arguments.mote).call("convert", ROOT / "examples/digits/digits.keras", "-o", tflite)
        sources.append(tflite)
    except program.Failed as error:
        tally.failed("truncated", "making a .tflite", str(error))
    count = 20 if arguments.quick else 80
    truncations(checks, sources, count)
    corruptions(checks, sources, count)
    hostile_keras(checks)
    hostile_h5(checks)
    hostile_tflite(checks)
    data_files(checks)
    usage(checks)
    return tally.finish("bad input")


if __name__ == "__main__":
    sys.exit(main())
