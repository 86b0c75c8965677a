"""Convolutions, matrix products, poolings."""
import numpy as np

from tfl import ACTIVATIONS, SAME, VALID, Model, Quant, options
from .base import Case, cases, simple

WEIGHTS = {  # activation type -> the ways its weights come: (type of weights, per channel)
    "float32": [("float32", False), ("int8", True), ("int8", False), ("int4", True)],
    "int8": [("int8", True), ("int8", False), ("int4", True)],
    "uint8": [("uint8", False)],
    "int16": [("int8", True), ("int8", False)],
}
BIAS = {"float32": "float32", "int8": "int32", "uint8": "int32", "int16": "int64"}


def out_size(size, kernel, stride, dilation, padding):
    reach = (kernel - 1) * dilation + 1
    return -(-size // stride) if padding == SAME else max(0, (size - reach) // stride + 1)


def weights(v, shape, kind, per_channel, axis):
    """Values and quantization. Two channels in a model get far-out scales."""
    if kind == "float32":
        return v.array(shape, "float32", -1, 1), None
    count = shape[axis] if per_channel else 1
    scales = np.array([v.scale(1e-3, 2e-2) for _ in range(count)], np.float32)
    if count > 2 and v.int(0, 2) == 0:
        scales[0], scales[1] = 1e-6, 0.3
    if kind == "uint8":
        return v.array(shape, "uint8"), Quant(scales, v.int(1, 254))
    limit = 7 if kind == "int4" else 127
    return v.array(shape, "int8", -limit, limit), Quant(scales, 0, axis)


def output_quant(v, dtype, x_quant, w_quant, terms):
    """An output scale that uses the range, within a factor of 16 either way."""
    if x_quant is None:
        return None
    spread = float(x_quant.scale[0]) * float(np.median(w_quant.scale)) * 70 * 70 * np.sqrt(terms)
    steps = 30000 if dtype == "int16" else 120
    spread *= 256 if dtype == "int16" else 1
    quant = v.quant(dtype)
    quant.scale = np.float32([spread / steps * float(np.exp(v.rng.uniform(-2.8, 2.8)))])
    return quant


def bias(v, dtype, count, x_quant, w_quant, terms):
    kind = BIAS[dtype]
    if kind == "float32":
        return v.array([count], kind), None
    reach = int(5000 * np.sqrt(terms)) * (128 if dtype == "int16" else 1)
    scale = x_quant.scale[0] * np.broadcast_to(w_quant.scale, [count])
    per_channel = w_quant.scale.size > 1
    return v.array([count], kind, -reach, reach), \
        Quant(scale if per_channel else scale[:1], 0, 0 if per_channel else None)


def linear_case(v, op, code, label, x, w, out_shape, dtype, terms, channels, axis, table, kind,
                per_channel, with_bias, prefix=(), version=1):
    """x: shape of the activation; w: shape of the weights; axis: the weights' channel dimension."""
    x_quant = v.quant(dtype)
    w_data, w_quant = weights(v, w, kind, per_channel, axis)
    y_quant = output_quant(v, dtype, x_quant, w_quant, terms)
    model = Model()
    data = v.array(x, dtype)
    x_id = model.input(x, dtype, x_quant)
    w_id = model.const(w_data, "int4" if kind == "int4" else None, w_quant)
    ids = [model.const(p) for p in prefix] + ([w_id, x_id] if prefix else [x_id, w_id])
    if with_bias:
        b_data, b_quant = bias(v, dtype, channels, x_quant, w_quant, terms)
        ids.append(model.const(b_data, quant=b_quant))
    elif op == "fully_connected" and v.int(0, 1):
        ids.append(-1)
    model.op(code, ids, [model.output(out_shape, dtype, y_quant)], table, version)
    hybrid = dtype == "float32" and kind != "float32"
    return Case(op, f"{dtype} x {kind}{' per-channel' if per_channel else ''} {label}",
                model.bytes(), [data], dtype != "float32", 1e-4 if hybrid else 1e-5)


def variants(v, per_dtype):
    for dtype, kinds in WEIGHTS.items():
        for kind, per_channel in kinds:
            for _ in range(per_dtype):
                yield dtype, kind, per_channel


@cases("conv_2d")
def conv_2d(op, v):
    for dtype, kind, per_channel in variants(v, 7):
        hybrid = dtype == "float32" and kind != "float32"
        n, h, w, c, m = v.int(1, 2), v.int(3, 9), v.int(3, 9), v.int(1, 9), v.int(1, 9)
        kh, kw, sh, sw = v.int(1, 3), v.int(1, 3), v.int(1, 3), v.int(1, 2)
        dilation = v.pick(1, 1, 2) if h > 5 and w > 5 and not hybrid else 1
        groups = v.pick(1, 1, 1, 2) if kind in ("float32", "int8") and dtype != "int16" else 1
        c, m = c * groups, m * groups
        padding = v.pick(SAME, VALID)
        act = v.pick(None, None, "relu", "relu6", "relu_n1")
        out = [n, out_size(h, kh, sh, dilation, padding), out_size(w, kw, sw, dilation, padding), m]
        table = options("Conv2D", padding=padding, strideH=sh, strideW=sw, dilationHFactor=dilation,
                        dilationWFactor=dilation, fusedActivationFunction=ACTIVATIONS[act])
        yield linear_case(
            v, op, "CONV_2D", f"{[n, h, w, c]} k{kh}x{kw} s{sh},{sw} d{dilation} g{groups} "
            f"{'same' if padding == SAME else 'valid'} {act}", [n, h, w, c],
            [m, kh, kw, c // groups], out, dtype, kh * kw * c // groups, m, 0, table, kind,
            per_channel, True)  # the official kernel wants a bias


@cases("depthwise_conv_2d")
def depthwise_conv_2d(op, v):
    for dtype, kind, per_channel in variants(v, 6):
        if dtype == "float32" and (kind == "int4" or kind == "int8" and not per_channel):
            continue  # not in the official kernel
        hybrid = dtype == "float32" and kind != "float32"
        n, h, w, c, multiplier = v.int(1, 2), v.int(3, 9), v.int(3, 9), v.int(1, 9), v.pick(1, 1, 2, 3)
        kh, kw = v.int(1, 3), v.int(1, 3)
        sh, sw = v.int(1, 3), v.int(1, 2)
        dilation = v.pick(1, 1, 2) if h > 5 and w > 5 and not hybrid else 1
        padding = v.pick(SAME, VALID)
        act = v.pick(None, "relu", "relu6", "relu_n1")
        m = c * multiplier
        out = [n, out_size(h, kh, sh, dilation, padding), out_size(w, kw, sw, dilation, padding), m]
        table = options("DepthwiseConv2D", padding=padding, strideH=sh, strideW=sw,
                        dilationHFactor=dilation, dilationWFactor=dilation,
                        depthMultiplier=multiplier, fusedActivationFunction=ACTIVATIONS[act])
        yield linear_case(
            v, op, "DEPTHWISE_CONV_2D", f"{[n, h, w, c]} k{kh}x{kw} s{sh},{sw} d{dilation} "
            f"m{multiplier} {act}", [n, h, w, c], [1, kh, kw, m], out, dtype, kh * kw, m, 3, table,
            kind, per_channel, v.int(0, 3) > 0)


@cases("fully_connected")
def fully_connected(op, v):
    for dtype, kind, per_channel in variants(v, 7):
        rank = v.int(2, 4)
        lead, k, m = v.shape(rank - 1, 1, 4), v.int(1, 40), v.int(1, 20)
        keep = rank > 2 and v.int(0, 1) == 1
        act = v.pick(None, None, "relu", "relu6", "relu_n1")
        out = lead + [m] if keep or rank == 2 else [int(np.prod(lead)), m]
        table = options("FullyConnected", keepNumDims=keep,
                        fusedActivationFunction=ACTIVATIONS[act],
                        asymmetricQuantizeInputs=v.int(0, 1) == 1)
        yield linear_case(v, op, "FULLY_CONNECTED", f"{lead + [k]} -> {m} keep={keep} {act}",
                          lead + [k], [m, k], out, dtype, k, m, 0, table, kind, per_channel,
                          v.int(0, 3) > 0)


@cases("transpose_conv")
def transpose_conv(op, v):
    for dtype in ("float32", "int8", "uint8", "int16"):
        for _ in range(10):
            n, h, w, c, m = v.int(1, 2), v.int(2, 5), v.int(2, 5), v.int(1, 6), v.int(1, 6)
            kh, kw, sh, sw = v.int(1, 4), v.int(1, 4), v.int(1, 3), v.int(1, 3)
            padding = v.pick(SAME, VALID)
            if padding == SAME:
                oh, ow = h * sh, w * sw
            else:
                oh, ow = h * sh + max(kh - sh, 0), w * sw + max(kw - sw, 0)
            act = v.pick(None, None, "relu", "relu6")
            table = options("TransposeConv", padding=padding, strideH=sh, strideW=sw,
                            fusedActivationFunction=ACTIVATIONS[act])
            kind = {"float32": "float32", "uint8": "uint8"}.get(dtype, "int8")
            yield linear_case(v, op, "TRANSPOSE_CONV",
                              f"{[n, h, w, c]} k{kh}x{kw} s{sh},{sw} {act}", [n, h, w, c],
                              [m, kh, kw, c], [n, oh, ow, m], dtype, kh * kw * c, m, 0, table, kind,
                              kind == "int8", v.int(0, 2) > 0,
                              prefix=[np.int32([n, oh, ow, m])], version=4)


@cases("conv_3d", "conv_3d_transpose")
def conv_3d(op, v):
    transpose = op == "conv_3d_transpose"
    for _ in range(8):
        n, d, h, w = v.int(1, 2), v.int(3, 5), v.int(3, 5), v.int(3, 5)
        c, m = v.int(1, 4), v.int(1, 4)
        k, s = [v.int(1, 3) for _ in range(3)], [v.int(1, 2) for _ in range(3)]
        padding = v.pick(SAME, VALID)
        act = v.pick(None, "relu", "relu6")
        table = options("Conv3D", padding=padding, strideD=s[0], strideH=s[1], strideW=s[2],
                        dilationDFactor=1, dilationHFactor=1, dilationWFactor=1,
                        fusedActivationFunction=ACTIVATIONS[act])
        x = v.array([n, d, h, w, c], "float32")
        label = f"{[n, d, h, w, c]} k{k} s{s} {act}"
        if transpose:
            out = [n] + [size * st if padding == SAME else size * st + max(ks - st, 0)
                         for size, st, ks in zip((d, h, w), s, k)] + [m]
            model = Model()
            ids = [model.const(np.int32(out)), model.const(v.array(k + [m, c], "float32", -1, 1)),
                   model.input(x.shape, "float32"), model.const(v.array([m], "float32"))]
            model.op("CONV_3D_TRANSPOSE", ids, [model.output(out, "float32")], table)
            yield Case(op, label, model.bytes(), [x], False)
        else:
            out = [n] + [out_size(size, ks, st, 1, padding)
                         for size, st, ks in zip((d, h, w), s, k)] + [m]
            yield simple(op, "CONV_3D", label, [(x, None)], [(out, "float32", None)], table,
                         [v.array(k + [c, m], "float32", -1, 1), v.array([m], "float32")])


@cases("average_pool_2d", "max_pool_2d", "l2_pool_2d")
def pool_2d(op, v):
    for dtype in ("float32",) if op == "l2_pool_2d" else ("float32", "int8", "uint8", "int16"):
        for _ in range(8):
            n, h, w, c = v.int(1, 2), v.int(3, 12), v.int(3, 12), v.int(1, 20)
            kh, kw, sh, sw = v.int(1, 3), v.int(1, 3), v.int(1, 3), v.int(1, 3)
            if v.int(0, 3) == 0:
                kh, kw = h, w  # global
            padding = v.pick(SAME, VALID)
            act = v.pick(None, None, "relu", "relu6", "relu_n1")
            table = options("Pool2D", padding=padding, strideH=sh, strideW=sw, filterHeight=kh,
                            filterWidth=kw, fusedActivationFunction=ACTIVATIONS[act])
            quant = v.quant(dtype)
            out = [n, out_size(h, kh, sh, 1, padding), out_size(w, kw, sw, 1, padding), c]
            yield simple(op, op.upper(), f"{dtype} {[n, h, w, c]} k{kh}x{kw} s{sh},{sw} {act}",
                         [(v.array([n, h, w, c], dtype), quant)], [(out, dtype, quant)], table)


@cases("batch_matmul")
def batch_matmul(op, v):
    for dtype, constant, per_channel in [("float32", False, False), ("float32", True, False),
                                         ("int8", False, False), ("int8", True, False),
                                         ("int16", False, False), ("hybrid", True, False)]:
        for _ in range(7):
            batch = v.shape(v.int(0, 2), 1, 3)
            left = [1 if v.int(0, 3) == 0 else b for b in batch]
            right = [1 if v.int(0, 3) == 0 else b for b in batch]
            if dtype == "hybrid" and len(left) == 2 and min(left) > 1:
                # Of x with several batch dimensions the official kernel takes the rows' scales from
                # the wrong places (its result is off by up to 30 % of the real product).
                left[0] = 1
            m, k, n = v.int(1, 6), v.int(1, 12), v.int(1, 6)
            adj_x, adj_y = v.int(0, 1) == 1, v.int(0, 1) == 1
            if dtype == "hybrid" and adj_x:
                adj_y = False  # with both, the official reference kernel is wrong by a third of the scale
            a_shape = left + ([k, m] if adj_x else [m, k])
            b_shape = right + ([n, k] if adj_y else [k, n])
            out = [max(a, b) for a, b in zip(left, right)] + [m, n]
            table = options("BatchMatMul", adjX=adj_x, adjY=adj_y)
            label = f"{dtype} {a_shape} x {b_shape} adj {adj_x},{adj_y} const={constant}"
            kind = "float32" if dtype == "hybrid" else dtype
            a_quant, b_quant = v.quant(kind), v.quant(kind)
            if dtype == "int8" and v.int(0, 1):
                b_quant.zero_point = np.int64([0])
            if dtype == "hybrid":
                b_quant = Quant(v.scale(1e-3, 1e-2), 0)
            y_quant = output_quant(v, kind, a_quant, b_quant, k)
            a = (v.array(a_shape, kind), a_quant)
            b = (v.array(b_shape, "int8" if dtype == "hybrid" else kind), b_quant)
            yield simple(op, "BATCH_MATMUL", label, [a] if constant else [a, b],
                         [(out, kind, y_quant)], table, [b] if constant else [],
                         tolerance=1e-4 if dtype == "hybrid" else 1e-5)


@cases("embedding_lookup")
def embedding_lookup(op, v):
    for kind in ("float32", "int8", "hybrid", "hybrid4"):
        for _ in range(4):
            rows, width = v.int(2, 12), v.int(1, 10) * 2
            ids = v.array([v.int(1, 7)], "int32", 0, rows - 1)
            hybrid = kind.startswith("hybrid")
            dtype = "float32" if hybrid else kind
            table = v.array([rows, width], "int8" if hybrid else kind,
                            *((-7, 7) if kind == "hybrid4" else ()))
            quant = v.quant(kind)
            model = Model()
            x = model.input(ids.shape, "int32")
            t = model.const(table, "int4" if kind == "hybrid4" else None,
                            Quant(v.scale(), 0) if hybrid else quant)
            model.op("EMBEDDING_LOOKUP", [x, t],
                     [model.output([ids.size, width], dtype, quant)])
            yield Case(op, f"{kind} {rows}x{width} ids {ids.size}", model.bytes(), [ids],
                       not hybrid and kind != "float32")
