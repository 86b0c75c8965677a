"""Reductions, arg max, and the searches."""
import numpy as np

from tfl import TYPES, options
from .base import Values, cases, simple
from .elementwise import QUANTIZED, near_quant


def reduced(shape, axes, keep):
    axes = {a % len(shape) for a in axes} if shape else set()
    return [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]


@cases("mean", "sum", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all")
def reduction(op, v: Values):
    dtypes = {"mean": ("float32", "int8", "uint8", "int16", "int32", "int64"),
              "sum": ("float32", "int8", "uint8", "int16", "int32"),
              "reduce_any": ("bool",), "reduce_all": ("bool",),
              "reduce_prod": ("float32", "int8", "int16", "int32")}
    for dtype in dtypes.get(op, ("float32", "int8", "uint8", "int16", "int32")):
        for _ in range(12 if dtype in QUANTIZED else 6):
            rank = v.int(1, 5)
            shape = v.shape(rank, 1, 5)
            count = v.int(1, rank)
            axes = [int(a) for a in v.rng.permutation(rank)[:count]]
            if v.int(0, 3) == 0 and rank == 4:
                axes = [1, 2]
            axes = [a - rank if v.int(0, 2) == 0 else a for a in axes]
            keep = v.int(0, 1) == 1
            x_quant = v.quant(dtype)
            y_quant = x_quant
            # Sums of int16 are checked against the default kernels (official.py), which round in float.
            rounds = op == "sum" and dtype == "int16"
            if op in ("mean", "sum") and x_quant is not None and v.int(0, 2) and not rounds:
                y_quant = near_quant(v, dtype, x_quant)
            if op == "reduce_prod" and x_quant is not None:
                x_quant, y_quant = v.quant(dtype, 0.005, 0.02), v.quant(dtype, 0.005, 0.02)
            x = v.array(shape, dtype)
            if op == "reduce_prod" and dtype == "int32":
                x = v.array(shape, dtype, -2, 2)
            yield simple(op, op.upper(), f"{dtype} {shape} axes {axes} keep {keep}", [(x, x_quant)],
                         [(reduced(shape, axes, keep), dtype, y_quant)],
                         options("Reducer", keepDims=keep), [np.int32(axes)])


@cases("arg_max", "arg_min")
def arg_max(op, v):
    name = "ArgMax" if op == "arg_max" else "ArgMin"
    for dtype in ("float32", "int8", "uint8", "int32", "bool"):
        for _ in range(6):
            rank = v.int(1, 4)
            shape = v.shape(rank, 1, 6)
            axis = v.int(-rank, rank - 1)
            out = reduced(shape, [axis], False)
            kind = v.pick("int32", "int64")
            x = v.array(shape, dtype)
            if v.int(0, 1) and dtype != "float32":
                x = v.array(shape, dtype, 0, 2)  # ties
            yield simple(op, op.upper(), f"{dtype} {shape} axis {axis}", [(x, v.quant(dtype))],
                         [(out, kind, None)], options(name, outputType=TYPES[kind]),
                         [np.int32(axis)])


@cases("topk_v2")
def topk_v2(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64"):
        for _ in range(4):
            shape = v.shape(v.int(1, 3), 1, 9)
            k = v.int(1, shape[-1])
            quant = v.quant(dtype)
            out = shape[:-1] + [k]
            yield simple(op, "TOPK_V2", f"{dtype} {shape} k {k}", [(v.array(shape, dtype), quant)],
                         [(out, dtype, quant), (out, "int32", None)], options("TopKV2"), [np.int32(k)],
                         exact=dtype != "float32")
