"""Operators that work element by element, and their close relations."""
import numpy as np

from tfl import ACTIVATIONS, Quant, options
from .base import cases, simple

QUANTIZED = ("int8", "uint8", "int16")


def broadcast_pair(v):
    """Two shapes that broadcast to the third."""
    rank = v.int(0, 5)
    whole = v.shape(rank, 1, 4)
    kind = v.int(0, 4)
    left, right = list(whole), list(whole)
    if kind >= 2:
        left = [1 if v.int(0, 3) == 0 else d for d in whole]
        right = [d if left[i] == 1 or v.int(0, 2) else 1 for i, d in enumerate(whole)]
        whole = [max(a, b) for a, b in zip(left, right)]
    if kind == 3 and rank > 1:
        right = right[v.int(1, rank - 1):]
    if kind == 4:
        right = []
        whole = left
    return (left, right, whole) if v.int(0, 1) else (right, left, whole)


def near_quant(v, dtype, reference):
    """A quantization whose scale is near another's, and now and then far from it."""
    quant = v.quant(dtype)
    if quant is not None:
        reach = 5.0 if v.int(0, 4) == 0 else 1.5
        quant.scale = np.float32(reference.scale * np.exp(v.rng.uniform(-reach, reach)))
    return quant


def binary_case(v, op, dtype, out_dtype, table, left, right, out, qs, constant=0):
    """constant: 0 none, 1 the left, 2 the right operand is a constant."""
    inputs, consts = [(left, qs[0]), (right, qs[1])], []
    label = f"{dtype} {list(left.shape)} {list(right.shape)}{' const' if constant else ''}"
    if constant == 2:
        inputs, consts = inputs[:1], [(right, qs[1])]
    return simple(op, op.upper(), label, inputs, [(out, out_dtype, qs[2])], table, consts)


ARITHMETIC = {"add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div"}


@cases(*ARITHMETIC)
def arithmetic(op, v):
    dtypes = {"add": ("float32", "int8", "uint8", "int16", "int32", "int64"),
              "sub": ("float32", "int8", "uint8", "int16", "int32", "int64"),
              "mul": ("float32", "int8", "uint8", "int16", "int32", "int64"),
              "div": ("float32", "uint8", "int32")}[op]
    for dtype in dtypes:
        for _ in range(12 if dtype in QUANTIZED else 6):
            a, b, out = broadcast_pair(v)
            act = v.pick(None, "relu", "relu6", "relu_n1") if dtype != "int64" else None
            fields = {}
            qs = [v.quant(dtype) for _ in range(3)]
            if dtype in QUANTIZED:
                qs[1] = near_quant(v, dtype, qs[0])
                qs[2] = near_quant(v, dtype, qs[0])
                if op == "mul":
                    qs[2].scale = np.float32(qs[2].scale * qs[1].scale * 64)
            if op in ("add", "sub") and dtype == "int16":
                fields["potScaleInt16"] = v.int(0, 1) == 1
                if v.int(0, 1):
                    for quant in qs:
                        quant.scale = np.float32(2.0 ** np.round(np.log2(quant.scale)))
                    if fields["potScaleInt16"]:  # this path wants one input to match the output
                        qs[2].scale = max(qs[0].scale, qs[1].scale)
            x, y = v.array(a, dtype), v.array(b, dtype)
            if op == "div":
                y = np.where(y == (qs[1].zero_point[0] if qs[1] else 0), 3, y).astype(dtype)
            table = options(ARITHMETIC[op], fusedActivationFunction=ACTIVATIONS[act], **fields)
            yield binary_case(v, op, f"{dtype} {act}", dtype, table, x, y, out, qs, v.pick(0, 2))


@cases("maximum", "minimum", "squared_difference", "floor_div", "floor_mod", "pow", "atan2",
       "bitwise_xor", "right_shift")
def binary(op, v):
    dtypes = {"maximum": ("float32", "int8", "uint8", "int16", "int32", "int64"),
              "squared_difference": ("float32", "int8", "int32"),
              "floor_div": ("float32", "int8", "int16", "int32"),
              "floor_mod": ("float32", "int8", "int16", "int32", "int64"),
              "pow": ("float32", "int32"), "atan2": ("float32",),
              "bitwise_xor": ("int8", "uint8", "int16", "uint16", "int32", "uint32"),
              "right_shift": ("int8", "uint8", "int16", "uint16", "int32", "uint32")}
    dtypes["minimum"] = dtypes["maximum"]
    name = {"maximum": "MaximumMinimum", "minimum": "MaximumMinimum"}.get(
        op, "".join(part.capitalize() for part in op.split("_")))
    for dtype in dtypes[op]:
        for _ in range(8):
            a, b, out = broadcast_pair(v)
            if op == "atan2":
                a = b = out
            x, y = v.array(a, dtype), v.array(b, dtype)
            qs = [None] * 3
            if dtype in QUANTIZED and op in ("maximum", "minimum"):
                qs = [v.quant(dtype)] * 3
            if dtype in QUANTIZED and op == "squared_difference":
                qs = [v.quant(dtype, 1e-2, 1e-1)]
                qs += [near_quant(v, dtype, qs[0]), v.quant(dtype, 1e-2, 1)]
            if op.startswith("floor"):
                y = np.where(y == 0, 3, y).astype(dtype)
            if op == "pow":
                x, y = np.abs(x), v.array(b, dtype, 0, 3)
                x = v.array(a, dtype, 0, 9) if dtype == "int32" else x
            if op == "right_shift":
                y = v.array(b, dtype, 0, np.dtype(dtype).itemsize * 8 - 1)
            yield simple(op, op.upper(), f"{dtype} {a} {b}", [(x, qs[0]), (y, qs[1])],
                         [(out, dtype, qs[2])], None if op == "atan2" else options(name))


@cases("equal", "not_equal", "greater", "greater_equal", "less", "less_equal")
def comparison(op, v):
    name = "".join(part.capitalize() for part in op.split("_"))
    dtypes = ["float32", "int8", "uint8", "int16", "int32", "int64"]
    if op in ("equal", "not_equal"):
        dtypes.append("bool")
    for dtype in dtypes:
        for _ in range(6):
            a, b, out = broadcast_pair(v)
            x, y = v.array(a, dtype), v.array(b, dtype)
            qs = [v.quant(dtype), None]
            qs[1] = qs[0] if v.int(0, 1) or qs[0] is None else near_quant(v, dtype, qs[0])
            if a == b and x.ndim and v.int(0, 1):
                y.reshape(-1)[::2] = x.reshape(-1)[::2]
            yield simple(op, op.upper(), f"{dtype} {a} {b}", [(x, qs[0]), (y, qs[1])],
                         [(out, "bool", None)], options(name))


@cases("logical_and", "logical_or")
def logical(op, v):
    name = "Logical" + op.split("_")[1].capitalize()
    for _ in range(8):
        a, b, out = broadcast_pair(v)
        yield simple(op, op.upper(), f"{a} {b}", [(v.array(a, "bool"), None), (v.array(b, "bool"), None)],
                     [(out, "bool", None)], options(name))


UNARY = {  # operator -> (types, options table or None)
    "abs": (("float32", "int8", "int16", "int32"), "Abs"),
    "ceil": (("float32",), None), "cos": (("float32",), "Cos"), "elu": (("float32", "int8"), None),
    "exp": (("float32", "int8", "int16"), "Exp"), "floor": (("float32",), None),
    "hard_swish": (("float32", "int8", "uint8"), "HardSwish"),
    "log": (("float32", "int8"), None), "neg": (("float32", "int32", "int64"), "Neg"),
    "round": (("float32",), None), "rsqrt": (("float32", "int8", "int16"), None),
    "sin": (("float32",), None), "sqrt": (("float32",), None), "square": (("float32",), "Square"),
    "sign": (("float32", "int32"), "Sign"), "logical_not": (("bool",), "LogicalNot"),
    "relu": (("float32", "int8", "uint8", "int16"), None),
    "relu6": (("float32", "int8", "uint8", "int16"), None),
    "relu_n1_to_1": (("float32", "int8", "uint8"), None),
    "relu_0_to_1": (("float32", "int8", "uint8"), None),
    "zeros_like": (("float32", "int32", "int64"), "ZerosLike"),
    "logistic": (("float32", "int8", "uint8", "int16"), None),
    "tanh": (("float32", "int8", "uint8", "int16"), None),
}
FIXED = {("logistic", "int8"): (1 / 256, -128), ("logistic", "uint8"): (1 / 256, 0),
         ("logistic", "int16"): (1 / 32768, 0), ("tanh", "int8"): (1 / 128, 0),
         ("tanh", "uint8"): (1 / 128, 128), ("tanh", "int16"): (1 / 32768, 0)}


def positive_quant(quant, dtype):
    """The zero point at the bottom of the range, for operators on positive numbers."""
    return Quant(quant.scale, 0 if dtype == "int16" else -128)


@cases(*UNARY)
def unary(op, v):
    dtypes, table = UNARY[op]
    for dtype in dtypes:
        for index in range(12 if dtype in QUANTIZED else 4):
            shape = v.shape(v.int(0, 5), 1, 5)
            x_quant, y_quant = v.quant(dtype), None
            x = v.array(shape, dtype)
            if x_quant is not None:
                if op in ("logistic", "tanh", "elu", "exp", "hard_swish"):
                    x_quant.scale = np.float32([v.scale(0.004, 0.3)])
                    if dtype == "int16":
                        x_quant.scale = np.float32(
                            [v.scale(1e-5, 2e-3) if index % 2 else 2.0 ** -v.int(8, 15)])
                    if dtype != "int16" or index % 2:
                        shape = [256] if dtype != "int16" else [1023]
                        x = np.linspace(*np.iinfo(dtype).min * np.ones(1), np.iinfo(dtype).max,
                                        shape[0]).astype(dtype)
                y_quant = Quant(*FIXED[op, dtype]) if (op, dtype) in FIXED else \
                    near_quant(v, dtype, x_quant)
                if op in ("log", "rsqrt", "sqrt"):
                    x_quant = positive_quant(x_quant, dtype)
                    low = int(x_quant.zero_point[0]) + 1
                    x = np.maximum(x, low).astype(dtype)
                    y_quant.scale = np.float32([v.scale(0.02, 0.3)])
                if op == "exp":
                    y_quant.scale = np.float32([v.scale(0.01, 2)])
                if op == "abs" and v.int(0, 1):
                    y_quant = Quant(x_quant.scale, y_quant.zero_point)
            elif op in ("log", "sqrt", "rsqrt") and dtype == "float32":
                x = np.abs(x) + np.float32(1e-3)
            elif op in ("round",):
                x = np.round(x * 4).astype(np.float32) / 4  # ties
            if x_quant is not None and op.startswith("relu") and v.int(0, 1):
                y_quant = x_quant
            yield simple(op, op.upper(), f"{dtype} {shape}", [(x, x_quant)],
                         [(x.shape, dtype, y_quant)], options(table) if table else None)


@cases("gelu")
def gelu(op, v):
    for dtype in ("float32", "int8", "uint8"):
        for approximate in (False, True):
            for _ in range(5):
                x_quant, y_quant = v.quant(dtype, 0.01, 0.1), v.quant(dtype, 0.01, 0.1)
                x = v.array([256], dtype) if dtype == "float32" else \
                    np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1).astype(dtype)
                yield simple(op, "GELU", f"{dtype} approximate={approximate}", [(x, x_quant)],
                             [(x.shape, dtype, y_quant)], options("Gelu", approximate=approximate))


@cases("leaky_relu")
def leaky_relu(op, v):
    for dtype in ("float32", "int8", "uint8", "int16"):
        for _ in range(10):
            shape = v.shape(v.int(1, 4), 1, 6)
            x_quant = v.quant(dtype)
            y_quant = x_quant if v.int(0, 1) else near_quant(v, dtype, x_quant) if x_quant else None
            alpha = v.pick(0.01, 0.2, 0.5, 1.5, -0.3)
            yield simple(op, "LEAKY_RELU", f"{dtype} {shape} alpha={alpha}",
                         [(v.array(shape, dtype), x_quant)], [(shape, dtype, y_quant)],
                         options("LeakyRelu", alpha=alpha))


@cases("prelu")
def prelu(op, v):
    for dtype in ("float32", "int8", "uint8"):
        for _ in range(8):
            shape = v.shape(4, 1, 5)
            slope = v.pick([1, 1, shape[3]], [shape[3]], shape[1:], [1, 1, 1])
            x_quant = v.quant(dtype)
            slope_quant = v.quant(dtype, 1e-3, 1e-2)
            y_quant = near_quant(v, dtype, x_quant) if x_quant else None
            yield simple(op, "PRELU", f"{dtype} {shape} slope {slope}",
                         [(v.array(shape, dtype), x_quant)], [(shape, dtype, y_quant)],
                         consts=[(v.array(slope, dtype), slope_quant)])


@cases("softmax", "log_softmax")
def softmax(op, v):
    for dtype, out in [("float32", "float32"), ("int8", "int8"), ("uint8", "uint8"),
                       ("int8", "int16"), ("int16", "int16")]:
        if op == "log_softmax" and (out == "int16" or dtype == "int16"):
            continue
        for _ in range(10):
            shape = v.shape(v.int(1, 4), 1, 5)
            shape[-1] = v.pick(1, 2, 3, 10, 33, 200)
            quant = v.quant(dtype, 1e-3, 1)
            if dtype == "int16":
                quant = Quant(v.scale(1e-5, 1e-2), 0)
            if op == "log_softmax":
                out_quant = {"int8": Quant(16 / 256, 127), "uint8": Quant(16 / 256, 255)}.get(out)
                table = options("LogSoftmax")
            else:
                out_quant = {"int8": Quant(1 / 256, -128), "uint8": Quant(1 / 256, 0),
                             "int16": Quant(1 / 32768, -32768 if dtype == "int8" else 0)}.get(out)
                table = options("Softmax", beta=v.pick(1.0, 1.0, 0.5, 2.0))
            yield simple(op, op.upper(), f"{dtype} -> {out} {shape}", [(v.array(shape, dtype), quant)],
                         [(shape, out, out_quant)], table)


@cases("l2_normalization")
def l2_normalization(op, v):
    for dtype in ("float32", "int8", "uint8"):
        for _ in range(8):
            shape = v.shape(v.int(2, 4), 1, 9)
            quant = {"int8": Quant(1 / 128, 0), "uint8": Quant(1 / 128, 128)}.get(dtype)
            yield simple(op, "L2_NORMALIZATION", f"{dtype} {shape}",
                         [(v.array(shape, dtype), v.quant(dtype))], [(shape, dtype, quant)],
                         options("L2Norm"))


@cases("local_response_normalization")
def local_response_normalization(op, v):
    for _ in range(5):
        shape = v.shape(4, 1, 9)
        table = options("LocalResponseNormalization", radius=v.int(0, 5), bias=v.pick(0.5, 1.0, 9.0),
                        alpha=v.pick(1.0, 0.01, 4.0), beta=v.pick(0.5, 0.75, 1.0))
        yield simple(op, op.upper(), f"{shape}", [(v.array(shape, "float32"), None)],
                     [(shape, "float32", None)], table)


@cases("add_n")
def add_n(op, v):
    for dtype in ("float32", "int32"):
        for _ in range(4):
            shape = v.shape(v.int(0, 4))
            inputs = [(v.array(shape, dtype), None) for _ in range(v.int(2, 5))]
            yield simple(op, "ADD_N", f"{dtype} {shape} x {len(inputs)}", inputs,
                         [(shape, dtype, None)], options("AddN"))


@cases("cast")
def cast(op, v):
    dtypes = ["float32", "int8", "uint8", "int16", "int32", "int64", "bool"]
    for source in dtypes:
        for target in dtypes:
            shape = v.shape(v.int(0, 4))
            x = v.array(shape, source)
            if source.startswith("float") and target != "bool":
                low = 0 if target.startswith("u") else -100
                x = v.array(shape, source, low, 100)
            elif source.startswith("int") and target != "bool":
                x = v.array(shape, source, 0 if target.startswith("u") else -100, 100)
            yield simple(op, "CAST", f"{source} -> {target} {shape}", [(x, None)],
                         [(shape, target, None)], options("Cast"))


@cases("quantize")
def quantize(op, v):
    for source in ("float32", "int8", "uint8", "int16"):
        for target in ("int8", "uint8", "int16"):
            if (source, target) == ("int16", "uint8"):
                continue
            for _ in range(10):
                shape = v.shape(v.int(0, 4), 1, 8)
                y_quant = v.quant(target)
                x_quant = near_quant(v, source, y_quant)
                x = v.array(shape, source)
                if source == "float32":
                    x = v.array(shape, source, -200 * float(y_quant.scale[0]),
                                200 * float(y_quant.scale[0]))
                    if v.int(0, 1):  # ties
                        x = (np.round(x / y_quant.scale[0] * 2) / 2 * y_quant.scale[0]).astype(np.float32)
                yield simple(op, "QUANTIZE", f"{source} -> {target} {shape}", [(x, x_quant)],
                             [(shape, target, y_quant)], options("Quantize"))


@cases("dequantize")
def dequantize(op, v):
    for source in ("int8", "uint8", "int16", "float16"):
        for _ in range(6):
            shape = v.shape(v.int(0, 4), 1, 8)
            yield simple(op, "DEQUANTIZE", f"{source} {shape}", [(v.array(shape, source), v.quant(source))],
                         [(shape, "float32", None)], options("Dequantize"))
    for _ in range(4):  # per channel, constant or not
        shape = v.shape(v.int(2, 4), 1, 5)
        axis = v.int(0, len(shape) - 1)
        quant = Quant([v.scale() for _ in range(shape[axis])], 0, axis)
        yield simple(op, "DEQUANTIZE", f"int8 {shape} axis {axis}", [(v.array(shape, "int8"), quant)],
                     [(shape, "float32", None)], options("Dequantize"))


@cases("fake_quant")
def fake_quant(op, v):
    for _ in range(6):
        shape = v.shape(v.int(1, 4))
        table = options("FakeQuant", min=-v.pick(0.0, 1.5, 3.0), max=v.pick(1.0, 2.7, 6.0),
                        numBits=v.pick(4, 8, 16))
        yield simple(op, "FAKE_QUANT", f"{shape}", [(v.array(shape, "float32"), None)],
                     [(shape, "float32", None)], table)


@cases("cumsum")
def cumsum(op, v):
    for dtype in ("float32", "int32", "int64"):
        for _ in range(6):
            shape = v.shape(v.int(1, 4))
            axis = v.int(-len(shape), len(shape) - 1)
            table = options("Cumsum", exclusive=v.int(0, 1) == 1, reverse=v.int(0, 1) == 1)
            yield simple(op, "CUMSUM", f"{dtype} {shape} axis {axis}", [(v.array(shape, dtype), None)],
                         [(shape, dtype, None)], table, [np.int32(axis)])
