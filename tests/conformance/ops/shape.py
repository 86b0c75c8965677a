"""Operators that move data: slices, pads, gathers, resizes."""
import numpy as np

from tfl import TYPES, Model, options
from .base import Case, cases, simple
from .elementwise import broadcast_pair

COMMON = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")


def moved(v, op, dtype, label, shape, out, table, consts=(), data=None, out_quant=True, **fields):
    """A case of one data input whose output keeps its type and quantization."""
    quant = v.quant(dtype)
    x = v.array(shape, dtype) if data is None else data
    return simple(op, op.upper(), f"{dtype} {shape} {label}", [(x, quant)],
                  [(out, dtype, quant if out_quant else None)], table, consts, **fields)


@cases("reshape", "expand_dims", "squeeze")
def reshape(op, v):
    for dtype in COMMON:
        for _ in range(4):
            shape = v.shape(v.int(0, 5), 1, 4)
            if op == "reshape":
                count = int(np.prod(shape))
                out = v.pick([count], [1, count], [count, 1], list(shape[::-1]))
                wanted = list(out)
                if out and v.int(0, 1):
                    wanted[v.int(0, len(out) - 1)] = -1
                as_input = v.int(0, 1)
                table = None if as_input else options("Reshape", newShape=np.int32(wanted))
                yield moved(v, op, dtype, f"to {wanted}", shape, out, table,
                            [np.int32(wanted)] if as_input else [])
            elif op == "expand_dims":
                axis = v.int(-len(shape) - 1, len(shape))
                out = list(np.expand_dims(np.zeros(shape), axis).shape)
                yield moved(v, op, dtype, f"axis {axis}", shape, out, options("ExpandDims"),
                            [np.int32(axis)])
            else:
                shape = [1 if v.int(0, 1) else d for d in shape] + [1]
                ones = [i for i, d in enumerate(shape) if d == 1]
                axes = [] if v.int(0, 1) else [v.pick(*ones)]
                out = [d for i, d in enumerate(shape) if d != 1 or (axes and i not in axes)]
                if axes and v.int(0, 1):
                    axes = [axes[0] - len(shape)]
                yield moved(v, op, dtype, f"axes {axes}", shape, out,
                            options("Squeeze", squeezeDims=np.int32(axes)))


@cases("transpose")
def transpose(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64", "bool"):
        for _ in range(6):
            shape = v.shape(v.int(1, 6), 1, 4)
            axes = [int(a) for a in v.rng.permutation(len(shape))]
            yield moved(v, op, dtype, f"axes {axes}", shape, [shape[a] for a in axes],
                        options("Transpose"), [np.int32(axes)])


@cases("pad", "padv2", "mirror_pad")
def pad(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64"):
        for _ in range(5):
            rank = v.int(1, 4 if op == "mirror_pad" else 5)
            shape = v.shape(rank, 2 if op == "mirror_pad" else 1, 5)
            mode = v.int(0, 1)
            limit = [d - 1 + mode for d in shape] if op == "mirror_pad" else [3] * rank
            amounts = [[v.int(0, min(3, m)), v.int(0, min(3, m))] for m in limit]
            out = [d + a + b for d, (a, b) in zip(shape, amounts)]
            kind = np.int64 if v.int(0, 3) == 0 else np.int32
            quant = v.quant(dtype)
            consts = [kind(amounts)]
            if op == "padv2":
                consts.append((v.array([], dtype), quant))
            table = {"pad": options("Pad"), "padv2": options("PadV2"),
                     "mirror_pad": options("MirrorPad", mode=mode)}[op]
            yield simple(op, op.upper(), f"{dtype} {shape} {amounts} mode {mode}",
                         [(v.array(shape, dtype), quant)], [(out, dtype, quant)], table, consts)


@cases("slice")
def slice_(op, v):
    for dtype in COMMON:
        for _ in range(5):
            shape = v.shape(v.int(1, 5), 1, 6)
            begin = [v.int(0, d - 1) for d in shape]
            size = [v.int(1, d - b) for d, b in zip(shape, begin)]
            asked = [-1 if b + s == d and v.int(0, 1) else s for b, s, d in zip(begin, size, shape)]
            kind = v.pick(np.int32, np.int64)
            yield moved(v, op, dtype, f"begin {begin} size {asked}", shape, size, options("Slice"),
                        [kind(begin), kind(asked)])


@cases("strided_slice")
def strided_slice(op, v):
    for dtype in COMMON:
        for _ in range(8):
            rank = v.int(1, 4)
            shape = v.shape(rank, 1, 7)
            begin, end, strides, index = [], [], [], []
            begin_mask = end_mask = shrink_mask = 0
            for axis, d in enumerate(shape):
                if v.int(0, 4) == 0:
                    at = v.int(-d, d - 1)
                    shrink_mask |= 1 << axis
                    begin.append(at), end.append(at + 1), strides.append(1), index.append(at)
                    continue
                stride = v.pick(1, 1, 2, 3, -1, -2)
                low, high = v.int(0, d - 1), v.int(1, d + 2)
                low, high = min(low, high - 1), max(low + 1, high)
                b, e = (low, high) if stride > 0 else (min(high, d) - 1, low - 1)
                use_b, use_e = v.int(0, 2) > 0, v.int(0, 2) > 0 and e >= 0
                if not use_b:
                    begin_mask |= 1 << axis
                if not use_e:
                    end_mask |= 1 << axis
                begin.append(b), end.append(max(e, 0)), strides.append(stride)
                index.append(slice(b if use_b else None, e if use_e else None, stride))
            out = list(np.zeros(shape)[tuple(index)].shape)
            table = options("StridedSlice", beginMask=begin_mask, endMask=end_mask,
                            shrinkAxisMask=shrink_mask)
            yield moved(v, op, dtype, f"{begin}:{end}:{strides} masks {begin_mask},{end_mask},"
                        f"{shrink_mask}", shape, out, table,
                        [np.int32(begin), np.int32(end), np.int32(strides)])


@cases("concatenation", "pack")
def concatenation(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64", "bool"):
        for _ in range(5):
            shape = v.shape(v.int(1, 4), 1, 4)
            count = v.int(1, 4)
            quant = v.quant(dtype)
            if op == "pack":
                if dtype == "bool":
                    continue
                axis = v.int(-len(shape) - 1, len(shape))
                arrays = [v.array(shape, dtype) for _ in range(count)]
                out = list(np.stack(arrays, axis).shape)
                table = options("Pack", axis=axis, valuesCount=count)
            else:
                axis = v.int(-len(shape), len(shape) - 1)
                arrays = []
                for _ in range(count):
                    one = list(shape)
                    one[axis] = v.int(1, 4)
                    arrays.append(v.array(one, dtype))
                out = list(np.concatenate(arrays, axis).shape)
                table = options("Concatenation", axis=axis, fusedActivationFunction=0)
            quants = [quant] * count
            if op == "concatenation" and dtype == "uint8" and v.int(0, 1):
                quants = [v.quant(dtype) for _ in range(count)]  # rescaled on the way
            yield simple(op, op.upper(), f"{dtype} {[list(a.shape) for a in arrays]} axis {axis}",
                         list(zip(arrays, quants)), [(out, dtype, quant)], table)


@cases("split", "split_v", "unpack")
def split(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32"):
        for _ in range(5):
            shape = v.shape(v.int(1, 4), 1, 4)
            axis = v.int(-len(shape), len(shape) - 1)
            count = v.int(1, 3)
            quant = v.quant(dtype)
            sizes = [v.int(1, 3) for _ in range(count)]
            if op == "split":
                sizes = [sizes[0]] * count
            if op == "unpack":
                sizes = [1] * count
            shape[axis] = sum(sizes)
            outs = [[s if i == axis % len(shape) else d for i, d in enumerate(shape)] for s in sizes]
            x = (v.array(shape, dtype), quant)
            label = f"{dtype} {shape} axis {axis} {sizes}"
            if op == "unpack":
                outs = [[d for i, d in enumerate(o) if i != axis % len(shape)] for o in outs]
                yield simple(op, "UNPACK", label, [x], [(o, dtype, quant) for o in outs],
                             options("Unpack", axis=axis, num=count))
            elif op == "split":
                model = Model()
                ids = [model.const(np.int32(axis)), model.input(shape, dtype, quant)]
                model.op("SPLIT", ids, [model.output(o, dtype, quant) for o in outs],
                         options("Split", numSplits=count))
                yield Case(op, label, model.bytes(), [x[0]], dtype != "float32")
            else:
                asked = [-1 if i == 0 and count > 1 and v.int(0, 1) else s for i, s in enumerate(sizes)]
                yield simple(op, "SPLIT_V", label, [x], [(o, dtype, quant) for o in outs],
                             options("SplitV", numSplits=count), [np.int32(asked), np.int32(axis)])


@cases("gather")
def gather(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64", "bool"):
        for _ in range(6):
            shape = v.shape(v.int(1, 4), 1, 5)
            axis = v.int(0, len(shape) - 1)
            batch = v.int(0, axis) if v.int(0, 2) == 0 else 0
            index_shape = shape[:batch] + v.shape(v.int(0, 2), 1, 4)
            kind = v.pick("int32", "int64")
            ids = v.array(index_shape, kind, 0, shape[axis] - 1)
            out = shape[:axis] + index_shape[batch:] + shape[axis + 1:]
            quant = v.quant(dtype)
            table = options("Gather", axis=axis if v.int(0, 1) else axis - len(shape), batchDims=batch)
            yield simple(op, "GATHER", f"{dtype} {shape} [{index_shape}] axis {axis} batch {batch}",
                         [(v.array(shape, dtype), quant), (ids, None)], [(out, dtype, quant)], table)


@cases("gather_nd", "scatter_nd")
def gather_nd(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64"):
        for _ in range(5):
            shape = v.shape(v.int(1, 4), 1, 4)
            depth = v.int(1, len(shape))
            count = v.shape(v.int(1, 2), 1, 4)
            ids = np.stack([v.array(count, "int32", 0, d - 1) for d in shape[:depth]], -1)
            rest = shape[depth:]
            quant = v.quant(dtype)
            if op == "gather_nd":
                yield simple(op, "GATHER_ND", f"{dtype} {shape} {list(ids.shape)}",
                             [(v.array(shape, dtype), quant), (ids, None)],
                             [(count + rest, dtype, quant)], options("GatherNd"))
            elif dtype != "int16":
                yield simple(op, "SCATTER_ND", f"{dtype} {shape} {list(ids.shape)}",
                             [(ids, None), (v.array(count + rest, dtype, 0, 9), None)],
                             [(shape, dtype, None)], options("ScatterNd"), [np.int32(shape)])


@cases("tile", "broadcast_to", "fill", "broadcast_args", "reverse_v2", "reverse_sequence")
def repeat(op, v):
    for dtype in ("float32", "int8", "int32", "int64", "bool", "uint8", "int16"):
        for _ in range(4):
            shape = v.shape(v.int(1, 4), 1, 4)
            if op == "tile":
                times = v.shape(len(shape), 1, 3)
                yield moved(v, op, dtype, f"x {times}", shape, [a * b for a, b in zip(shape, times)],
                            options("Tile"), [np.int32(times)])
            elif op == "broadcast_to":
                out = v.shape(v.int(0, 2), 1, 3) + shape
                shape = [1 if v.int(0, 1) else d for d in shape]
                yield moved(v, op, dtype, f"to {out}", shape, out, options("BroadcastTo"),
                            [np.int32(out)], version=2)
            elif op == "fill":
                quant = v.quant(dtype)
                value = (v.array([], dtype), quant)
                model = Model()
                ids = [model.const(np.int32(shape)), model.input([], dtype, quant)]
                model.op("FILL", ids, [model.output(shape, dtype, quant)], options("Fill"))
                yield Case(op, f"{dtype} {shape}", model.bytes(), [value[0]], dtype != "float32")
            elif op == "broadcast_args" and dtype in ("int32", "int64"):
                a, b, out = broadcast_pair(v)
                yield simple(op, "BROADCAST_ARGS", f"{a} {b}",
                             [(np.asarray(a, dtype), None), (np.asarray(b, dtype), None)],
                             [([len(out)], dtype, None)])
            elif op == "reverse_v2":
                axes = [int(a) for a in sorted(v.rng.permutation(len(shape))[:v.int(1, len(shape))])]
                start = v.int(0, len(axes) - 1)
                axes = axes[start:start + 1] if v.int(0, 1) else list(range(axes[0], axes[0] + 1))
                yield moved(v, op, dtype, f"axes {axes}", shape, shape, options("ReverseV2"),
                            [np.int32(axes)])
            elif op == "reverse_sequence" and dtype != "bool" and dtype != "int8":
                shape = v.shape(v.int(2, 4), 1, 5)
                batch, seq = [int(a) for a in v.rng.permutation(len(shape))[:2]]
                lengths = v.array([shape[batch]], v.pick("int32", "int64"), 0, shape[seq])
                yield moved(v, op, dtype, f"seq {seq} batch {batch}", shape, shape,
                            options("ReverseSequence", seqDim=seq, batchDim=batch), [lengths])


@cases("space_to_depth", "depth_to_space", "space_to_batch_nd", "batch_to_space_nd")
def blocks(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64"):
        for _ in range(5):
            n, h, w, c, b = v.int(1, 2), v.int(1, 4), v.int(1, 4), v.int(1, 4), v.int(1, 3)
            if op in ("space_to_depth", "depth_to_space"):
                if dtype == "int16":
                    continue
                wide, deep = [n, h * b, w * b, c], [n, h, w, c * b * b]
                shape, out = (wide, deep) if op == "space_to_depth" else (deep, wide)
                name = "SpaceToDepth" if op == "space_to_depth" else "DepthToSpace"
                yield moved(v, op, dtype, f"block {b}", shape, out, options(name, blockSize=b))
                continue
            sizes = [v.int(1, 3), v.int(1, 3)]
            edges = [[v.int(0, 1), 0], [v.int(0, 1), 0]]
            for axis, (d, size) in enumerate(zip((h, w), sizes)):
                edges[axis][1] = -(d + edges[axis][0]) % size
            inner = [(d + e[0] + e[1]) // s for d, e, s in zip((h, w), edges, sizes)]
            space, batch = [n, h, w, c], [n * sizes[0] * sizes[1], *inner, c]
            consts = [np.int32(sizes), np.int32(edges)]
            if op == "space_to_batch_nd":
                yield moved(v, op, dtype, f"{sizes} {edges}", space, batch,
                            options("SpaceToBatchND"), consts)
            else:
                yield moved(v, op, dtype, f"{sizes} {edges}", batch, space,
                            options("BatchToSpaceND"), consts)


@cases("resize_bilinear", "resize_nearest_neighbor")
def resize(op, v):
    name = "ResizeBilinear" if op == "resize_bilinear" else "ResizeNearestNeighbor"
    for dtype in ("float32", "int8", "uint8", "int16"):
        for _ in range(10):
            n, h, w, c = v.int(1, 2), v.int(1, 8), v.int(1, 8), v.int(1, 4)
            size = [v.int(1, 13), v.int(1, 13)]
            if v.int(0, 3) == 0:
                size = [h * 2, w * 2]
            align, half = v.pick((False, False), (True, False), (False, True))
            yield moved(v, op, dtype, f"to {size} align {align} half {half}", [n, h, w, c],
                        [n, *size, c], options(name, alignCorners=align, halfPixelCenters=half),
                        [np.int32(size)])


@cases("select", "select_v2")
def select(op, v):
    for dtype in ("float32", "int8", "uint8", "int16", "int32", "int64", "bool"):
        for _ in range(5):
            a, b, out = broadcast_pair(v)
            condition = v.pick(a, b, out)
            if op == "select":
                a = b = out
                condition = out if v.int(0, 1) or not out else [out[0]]
                if not out:
                    continue
            quant = v.quant(dtype)
            yield simple(op, op.upper(), f"{dtype} {condition} {a} {b}",
                         [(v.array(condition, "bool"), None), (v.array(a, dtype), quant),
                          (v.array(b, dtype), quant)], [(out, dtype, quant)],
                         options("Select" if op == "select" else "SelectV2"))


@cases("shape", "rank")
def shape_of(op, v):
    for dtype in ("float32", "int8"):
        for _ in range(3):
            shape = v.shape(v.int(0, 5))
            kind = v.pick("int32", "int64") if op == "shape" else "int32"
            table = options("Shape", outType=TYPES[kind]) if op == "shape" else options("Rank")
            out = [len(shape)] if op == "shape" else []
            yield simple(op, op.upper(), f"{dtype} {shape}", [(v.array(shape, dtype), None)],
                         [(out, kind, None)], table)


@cases("one_hot")
def one_hot(op, v):
    for dtype in ("float32", "int8", "uint8", "int32", "int64", "bool"):
        for _ in range(3):
            shape = v.shape(v.int(1, 3), 1, 4)
            depth = v.int(1, 6)
            axis = v.int(-1, len(shape))
            out = list(shape)
            out.insert(len(shape) if axis == -1 else axis, depth)
            on, off = np.ones([], dtype), np.zeros([], dtype)
            yield simple(op, "ONE_HOT", f"{dtype} {shape} depth {depth} axis {axis}",
                         [(v.array(shape, "int32", -1, depth), None)], [(out, dtype, None)],
                         options("OneHot", axis=axis), [np.int32(depth), on, off])


@cases("range", "where")
def dynamic(op, v):
    """The output's shape is known only when it runs."""
    for _ in range(4):
        if op == "where":
            shape = v.shape(v.int(1, 4))
            x = v.array(shape, v.pick("bool", "int32"), *((0, 1) if v.int(0, 1) else ()))
            yield simple(op, "WHERE", f"{x.dtype} {shape}", [(x, None)],
                         [([int(np.count_nonzero(x)), len(shape)], "int64", None)], options("Where"))
            continue
        for dtype in ("int32", "float32"):
            delta = v.pick(1, 2, 3, -2)
            start = v.int(-5, 5)
            limit = start + delta * v.int(1, 6) - (1 if v.int(0, 1) else 0) * int(np.sign(delta))
            count = len(np.arange(start, limit, delta))
            args = [(np.asarray(x, dtype), None) for x in (start, limit, delta)]
            yield simple(op, "RANGE", f"{dtype} {start} {limit} {delta}", [],
                         [([count], dtype, None)], options("Range"), args)


@cases("dynamic_update_slice")
def dynamic_update_slice(op, v):
    for dtype in ("float32", "int8", "int16", "int32", "int64", "bool"):
        for _ in range(4):
            shape = v.shape(v.int(1, 4), 1, 6)
            size = [v.int(1, d) for d in shape]
            start = v.array([len(shape)], v.pick("int32", "int64"), -1, 6)  # clamped to fit
            quant = v.quant(dtype)
            yield simple(op, op.upper(), f"{dtype} {shape} {size} at {start.tolist()}",
                         [(v.array(shape, dtype), quant), (v.array(size, dtype), quant), (start, None)],
                         [(shape, dtype, quant)], options("DynamicUpdateSlice"))


@cases("sparse_to_dense", "matrix_diag", "matrix_set_diag", "bucketize", "segment_sum",
       "unsorted_segment_sum", "unsorted_segment_max", "unsorted_segment_min",
       "unsorted_segment_prod")
def rarer(op, v):
    for dtype in ("float32", "int32"):
        for _ in range(3):
            shape = v.shape(v.int(1, 3), 2, 5)
            if op == "sparse_to_dense":
                count = v.int(1, int(np.prod(shape)))
                flat = np.sort(v.rng.permutation(int(np.prod(shape)))[:count])
                ids = np.stack(np.unravel_index(flat, shape), -1).astype(np.int32)
                yield simple(op, "SPARSE_TO_DENSE", f"{dtype} {shape} {count}", [],
                             [(shape, dtype, None)], options("SparseToDense"),
                             [ids, np.int32(shape), v.array([count], dtype), np.zeros([], dtype)])
            elif op == "matrix_diag":
                yield simple(op, "MATRIX_DIAG", f"{dtype} {shape}", [(v.array(shape, dtype), None)],
                             [(shape + shape[-1:], dtype, None)], options("MatrixDiag"))
            elif op == "matrix_set_diag":
                shape = shape + [v.int(1, 4)]
                diagonal = shape[:-2] + [min(shape[-2:])]
                yield simple(op, "MATRIX_SET_DIAG", f"{dtype} {shape}",
                             [(v.array(shape, dtype), None), (v.array(diagonal, dtype), None)],
                             [(shape, dtype, None)], options("MatrixSetDiag"))
            elif op == "bucketize":
                edges = np.sort(v.array([v.int(1, 6)], "float32"))
                yield simple(op, "BUCKETIZE", f"{dtype} {shape}", [(v.array(shape, dtype, -4, 4), None)],
                             [(shape, "int32", None)], options("Bucketize", boundaries=edges))
            elif op == "segment_sum":
                ids = np.cumsum(v.array([shape[0]], "int32", 0, 1)).astype(np.int32)
                ids -= ids[0]
                yield simple(op, "SEGMENT_SUM", f"{dtype} {shape} {ids.tolist()}",
                             [(v.array(shape, dtype), None)],
                             [([int(ids[-1]) + 1] + shape[1:], dtype, None)], options("SegmentSum"), [ids])
            else:
                ids = v.array([shape[0]], "int32", 0, 3)
                name = "".join(part.capitalize() for part in op.split("_"))
                yield simple(op, op.upper(), f"{dtype} {shape}", [(v.array(shape, dtype, -3, 3), None)],
                             [([4] + shape[1:], dtype, None)], options(name), [ids, np.int32(4)])


@cases("rfft2d", "real", "imag", "complex_abs")
def spectral(op, v):
    for _ in range(4):
        if op == "rfft2d":
            h, w = v.pick(1, 2, 4, 8), v.pick(2, 4, 8, 16)
            shape = v.shape(v.int(0, 1)) + [h, w]
            yield simple(op, "RFFT2D", f"{shape}", [(v.array(shape, "float32"), None)],
                         [(shape[:-1] + [w // 2 + 1], "complex64", None)], options("Rfft2d"),
                         [np.int32([h, w])])
        else:
            shape = v.shape(v.int(1, 4))
            yield simple(op, op.upper(), f"{shape}", [(v.array(shape, "complex64"), None)],
                         [(shape, "float32", None)])


@cases("bitcast")
def bitcast(op, v):
    for source, target in [("float32", "int32"), ("int32", "float32"), ("int8", "uint8"),
                           ("int16", "uint16")]:
        shape = v.shape(v.int(1, 4))
        yield simple(op, "BITCAST", f"{source} -> {target} {shape}",
                     [(v.array(shape, source, 1, 100), None)], [(shape, target, None)],
                     options("Bitcast"))
