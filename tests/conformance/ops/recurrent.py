"""Recurrent operators: LSTM, RNN, SVDF."""
import numpy as np

from tfl import ACTIVATIONS, Model, Quant, options
from .base import Case, cases
from .lstm import sequence_variants

TANH = 4


def lstm_weights(v, model, units, width, kind, x_scale, h_scale, gates):
    """Ids of the inputs 1 to 17: weights, recurrent weights, peepholes, biases, projection."""
    def matrix(columns):
        if kind == "float32":
            return model.const(v.array([units, columns], "float32", -0.6, 0.6)), None
        quant = Quant(v.scale(2e-3, 1e-2), 0)
        return model.const(v.array([units, columns], "int8", -127, 127), quant=quant), quant
    pairs = [matrix(width) for _ in range(4)]
    recurrent = [matrix(units) for _ in range(4)]
    ids = [p[0] for p in pairs] + [r[0] for r in recurrent]
    peephole = [-1, -1, -1]
    if gates == "peephole":
        peephole = [model.const(v.array([units], "float32", -0.5, 0.5)) for _ in range(3)]
    ids += peephole
    for weight, _ in zip(pairs, recurrent):
        if x_scale is None:
            ids.append(model.const(v.array([units], "float32", -0.5, 0.5)))
        else:
            scale = x_scale * weight[1].scale
            reach = max(1, int(1.0 / scale[0]))
            ids.append(model.const(v.array([units], "int32", -reach, reach), quant=Quant(scale, 0)))
    if gates == "cifg":  # input and forget gate are one
        for at in (0, 4, 8, 11):
            ids[at] = -1
    return ids + [-1, -1]


@cases("unidirectional_sequence_lstm")
def sequence_lstm(op, v):
    for kind, gates in [("float32", "plain"), ("float32", "peephole"), ("float32", "cifg"),
                        ("int8", "plain"), ("hybrid", "plain")]:
        for _ in range(6):
            batch, time, width, units = v.int(1, 3), v.int(1, 6), v.int(1, 8), v.int(1, 8)
            time_major = v.int(0, 1) == 1
            shape = [time, batch, width] if time_major else [batch, time, width]
            dtype = "int8" if kind == "int8" else "float32"
            x_quant = Quant(v.scale(0.01, 0.03), v.int(-60, 60)) if kind == "int8" else None
            h_quant = Quant(1 / 128, v.pick(0, -1, 5)) if kind == "int8" else None
            c_quant = Quant(2.0 ** -v.int(11, 13), 0) if kind == "int8" else None
            model = Model()
            x = model.input(shape, dtype, x_quant)
            ids = [x] + lstm_weights(v, model, units, width, kind,
                                     None if x_quant is None else x_quant.scale,
                                     None if h_quant is None else h_quant.scale, gates)
            ids.append(model.tensor([batch, units], dtype, h_quant, variable=True))
            ids.append(model.tensor([batch, units], "int16" if kind == "int8" else "float32", c_quant,
                                    variable=True))
            ids += [-1] * 4
            intermediates = None
            if kind == "int8":
                intermediates = [model.tensor([0], "float32") for _ in range(4)]
                intermediates.append(model.tensor([0], "int8", h_quant))
            out = model.output(shape[:2] + [units], dtype, h_quant)
            clip = v.pick(10.0, 0.0, 1.0)
            table = options("UnidirectionalSequenceLSTM", fusedActivationFunction=TANH, cellClip=clip,
                            projClip=0.0, timeMajor=time_major)
            model.op("UNIDIRECTIONAL_SEQUENCE_LSTM", ids, [out], table, 1, intermediates=intermediates)
            yield Case(op, f"{kind} {gates} {shape} units {units} clip {clip} time_major={time_major}",
                       model.bytes(), [v.array(shape, dtype)], kind == "int8",
                       1e-3 if kind == "hybrid" else 1e-5)
    yield from sequence_variants(op, v)


@cases("unidirectional_sequence_rnn", "rnn")
def rnn(op, v):
    for kind in ("float32", "hybrid"):
        for _ in range(5):
            batch, time, width, units = v.int(1, 3), v.int(1, 6), v.int(1, 8), v.int(1, 8)
            time_major = v.int(0, 1) == 1
            shape = [batch, width] if op == "rnn" else \
                [time, batch, width] if time_major else [batch, time, width]
            act = v.pick("relu", "tanh")
            code = TANH if act == "tanh" else ACTIVATIONS[act]
            model = Model()
            ids = [model.input(shape, "float32")]
            for columns in (width, units):
                if kind == "float32":
                    ids.append(model.const(v.array([units, columns], "float32", -0.5, 0.5)))
                else:
                    ids.append(model.const(v.array([units, columns], "int8", -127, 127),
                                           quant=Quant(v.scale(2e-3, 1e-2), 0)))
            ids.append(model.const(v.array([units], "float32", -0.5, 0.5)))
            ids.append(model.tensor([batch, units], "float32", variable=True))
            table = options("RNN", fusedActivationFunction=code) if op == "rnn" else \
                options("SequenceRNN", fusedActivationFunction=code, timeMajor=time_major)
            model.op(op.upper(), ids, [model.output(shape[:-1] + [units], "float32")], table)
            yield Case(op, f"{kind} {shape} units {units} {act}", model.bytes(),
                       [v.array(shape, "float32")], False, 1e-3 if kind == "hybrid" else 1e-5)


@cases("svdf")
def svdf(op, v):
    for kind in ("float32", "int8", "hybrid"):
        for _ in range(6):
            batch, width, units, rank, memory = v.int(1, 3), v.int(1, 9), v.int(1, 5), v.int(1, 3), v.int(1, 8)
            filters = units * rank
            dtype = "int8" if kind == "int8" else "float32"
            act = v.pick(None, "relu") if kind != "int8" else "relu"
            x_quant = Quant(v.scale(0.01, 0.1), v.int(-100, 100)) if kind == "int8" else None
            w_quant = Quant(v.scale(5e-3, 2e-2), 0) if kind != "float32" else None
            t_quant = {"int8": Quant(v.scale(1e-5, 1e-4), 0), "hybrid": Quant(v.scale(2e-3, 1e-2), 0)}.get(kind)
            s_quant = Quant(v.scale(1e-3, 5e-3), 0) if kind == "int8" else None
            y_quant = Quant(v.scale(0.05, 0.5), v.int(-128, 0)) if kind == "int8" else None
            model = Model()
            ids = [model.input([batch, width], dtype, x_quant)]
            feature = v.array([filters, width], "float32", -1, 1) if kind == "float32" else \
                v.array([filters, width], "int8", -127, 127)
            ids.append(model.const(feature, quant=w_quant))
            taps = {"int8": lambda: v.array([filters, memory], "int16", -32767, 32767),
                    "hybrid": lambda: v.array([filters, memory], "int8", -127, 127),
                    "float32": lambda: v.array([filters, memory], "float32", -1, 1)}[kind]()
            ids.append(model.const(taps, quant=t_quant))
            if kind == "int8":
                scale = s_quant.scale * t_quant.scale
                reach = int(2 / scale[0])
                ids.append(model.const(v.array([units], "int32", -reach, reach), quant=Quant(scale, 0)))
            else:
                ids.append(model.const(v.array([units], "float32")))
            ids.append(model.tensor([batch, memory * filters], "int16" if kind == "int8" else "float32",
                                    s_quant, variable=True))
            table = options("SVDF", rank=rank, fusedActivationFunction=ACTIVATIONS[act])
            model.op("SVDF", ids, [model.output([batch, units], dtype, y_quant)], table, 4)
            yield Case(op, f"{kind} {[batch, width]} units {units} rank {rank} memory {memory} {act}",
                       model.bytes(), [v.array([batch, width], dtype)], kind == "int8",
                       1e-3 if kind == "hybrid" else 1e-5)
