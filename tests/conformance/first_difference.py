#!/usr/bin/env python3
"""Finds the first operator of a .tflite whose result differs between mote and the official reference
kernels, by making every intermediate tensor an output of the model.

    first_difference.py MODEL.tflite [--data INPUTS.npz] [--mote build/mote]

Inputs are the arrays of the .npz, in the model's order (one sample each), or seeded random ones.
"""
import argparse
import pathlib
import sys
import tempfile

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

import mote as program
import official
from compare import difference_of_one
from shared_models import seeded_inputs, to_type

NAMES = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def with_all_outputs(content):
    """The model with every operator's first result among its outputs; [(name of operator, tensor)]."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content))
    graph = model.subgraphs[0]
    results = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
        for tensor in operator.outputs:
            if graph.tensors[tensor].type != schema.TensorType.RESOURCE:
                results.append((name, graph.tensors[tensor].name.decode(), int(tensor)))
    graph.outputs = np.array([tensor for _, _, tensor in results], np.int32)
    model.signatureDefs = None
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output()), results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data")
    parser.add_argument("--mote", default=program.ROOT / "build/mote")
    arguments = parser.parse_args()
    content, results = with_all_outputs(pathlib.Path(arguments.model).read_bytes())
    oracle = official.Official(content)
    if arguments.data:
        with np.load(arguments.data) as arrays:
            inputs = [arrays[key][:1] for key in arrays.files][:len(oracle.inputs)]
        inputs = [x if x.dtype == d["dtype"] else to_type(x, d) for x, d in zip(inputs, oracle.inputs)]
    else:
        inputs = next(seeded_inputs(oracle.inputs, 1))
    want = oracle.run(inputs)
    with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
        file.write(content)
        file.flush()
        got = program.Mote(arguments.mote).run(file.name, inputs)
    for (op, name, tensor), a, b in zip(results, got, want):
        why = difference_of_one(a, b, False, 1e-6)
        print(f"{'ok  ' if why is None else 'DIFF'} {op:<24} {tensor:4} {b.dtype} {list(b.shape)} {name[-40:]}"
              + (f"\n     {why}" if why else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
