"""Calls the mote program the way its users do."""
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("MOTE_SHARED", ROOT.parent / "shared"))
TIMEOUT_S = 120


class Failed(Exception):
    """mote ended with an error; the text is what it wrote on standard error."""

    def __init__(self, code, text):
        super().__init__(f"exit {code}: {text.strip()[-600:] or '(no message)'}")
        self.code, self.text = code, text


class Mote:
    def __init__(self, program):
        self.program = str(pathlib.Path(program).resolve())

    def call(self, *arguments):
        """Runs mote with these arguments; its standard output, or Failed."""
        try:
            done = subprocess.run([self.program, *map(str, arguments)], capture_output=True,
                                  text=True, errors="replace", timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise Failed("timeout", f"no answer in {TIMEOUT_S} s") from error
        if done.returncode != 0:
            raise Failed(done.returncode, done.stderr)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.call(*arguments, "--json"))

    def run(self, model, arrays):
        """Outputs of one run, in the model's order. arrays: a list by position, or a dict by name."""
        pairs = arrays.items() if isinstance(arrays, dict) else enumerate(arrays)
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            arguments = []
            for index, (key, array) in enumerate(pairs):
                path = folder / f"in{index}.npy"
                np.save(path, array)
                arguments += ["--input", f"{key}={path}"]
            (folder / "out").mkdir()
            report = self.json("run", model, *arguments, "--output-dir", folder / "out")
            return [np.load(output["file"]) for output in report["outputs"]]
