"""Seeded random Keras models for random_keras.py: single layers, blocks and whole networks. FAMILIES
lists the generators; every layer that mote imports appears in one of them, with varied arguments."""
import dataclasses

import keras
import numpy as np
from keras import layers as L

BATCH = 4
FAMILIES = []  # (generator, which of its places in the list this is, how many it has)
ACTIVATIONS = ["relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "swish", "softplus",
               "softsign", "softmax", "log_softmax", "sigmoid", "hard_sigmoid", "hard_silu", "hard_swish",
               "tanh", "exponential", "linear", "mish", "log_sigmoid", "tanh_shrink", "soft_shrink",
               "hard_shrink", "hard_tanh", "squareplus", "sparse_plus", "sparsemax", "glu"]
CHEAP = ["relu", "relu", "tanh", "sigmoid", "gelu", "elu", "linear"]


@dataclasses.dataclass
class Made:
    model: keras.Model
    inputs: dict  # name -> array of BATCH samples
    twin: object = None  # computes the expected outputs instead of model.predict


class Dice:
    def __init__(self, seed, turn):
        self.rng = np.random.default_rng(seed)
        self.turn = turn  # how often this family was drawn before: lists are walked by it

    def int(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pick(self, *choices):
        return choices[self.int(0, len(choices) - 1)]

    def maybe(self):
        return bool(self.int(0, 1))

    def walk(self, choices):
        return choices[self.turn % len(choices)]

    def normal(self, *shape):
        return self.rng.normal(0, 1, (BATCH, *shape)).astype(np.float32)


def family(function, times=1):
    """Lists a generator, several times if it has many variants to walk through."""
    FAMILIES.extend((function, place, times) for place in range(times))
    return function


def often(times):
    return lambda function: family(function, times)


def image(d, low=6, high=12):
    return (d.int(low, high), d.int(low, high), d.int(1, 6))


def finish(x, inputs, data):
    return Made(keras.Model(inputs, x), data)


def chain(d, shape, *layers):
    """A functional or sequential model of one input."""
    if d.maybe():
        model = keras.Sequential([L.Input(shape, name="x"), *layers])
    else:
        x = first = L.Input(shape, name="x")
        for layer in layers:
            x = layer(x)
        model = keras.Model(first, x)
    return Made(model, {"x": d.normal(*shape)})


@family
def dense(d):
    layers = [L.Dense(d.pick(8, 17, 64), activation=d.pick(*CHEAP), use_bias=d.maybe())
              for _ in range(d.int(1, 3))]
    return chain(d, d.walk([(10,), (40,), (5, 24), (2, 3, 7)]), *layers)


@often(2)
def activation(d):
    layers = []
    for i in range(5):
        name = ACTIVATIONS[(d.turn * 5 + i) % len(ACTIVATIONS)]
        layers += [L.Dense(12), L.Activation(name)]
    return chain(d, (d.int(4, 9),), *layers)


@often(3)
def activation_layer(d):
    return chain(d, (5, 6, 4), d.walk([
        L.ReLU(), L.ReLU(max_value=6.0), L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.3),
        L.LeakyReLU(negative_slope=0.3), L.PReLU(alpha_initializer="uniform"),
        L.PReLU(alpha_initializer="uniform", shared_axes=[1, 2]), L.ELU(alpha=0.7), L.Softmax(),
        L.Softmax(axis=1)]), L.Dense(5))


@family
def conv1d(d):
    groups = d.pick(1, 1, 2)
    padding = d.walk(["same", "valid", "causal"])
    dilation = d.pick(1, 2, 3)
    return chain(d, (d.int(10, 20), 2 * d.int(1, 3)), L.Conv1D(
        groups * d.int(1, 8), d.int(1, 4), 1 if dilation > 1 else d.int(1, 3), padding=padding,
        dilation_rate=dilation, groups=groups, activation=d.pick(*CHEAP), use_bias=d.maybe()),
        L.BatchNormalization(), L.Dense(4))


@family
def conv2d(d):
    groups = d.pick(1, 1, 1, 2)
    dilation = d.pick(1, 1, (1, 2), 2)
    stride = (d.int(1, 2), d.int(1, 2)) if dilation == 1 else 1
    if d.turn % 3 == 0 and isinstance(stride, tuple):
        stride = stride[0]
    h, w, c = image(d, 8, 12)
    return chain(d, (h, w, c * groups), L.Conv2D(
        groups * d.int(1, 8), (d.int(1, 3), d.int(1, 3)), stride, padding=d.pick("same", "valid"),
        dilation_rate=dilation, groups=groups, activation=d.pick(*CHEAP), use_bias=d.maybe()),
        L.BatchNormalization(scale=d.maybe(), center=d.maybe()), L.Activation("relu"))


@family
def conv2d_large(d):
    return chain(d, (8, 8, 16), L.Conv2D(16, 3, padding="same", activation="relu"),
                 L.Conv2D(24, 3, 2, activation="relu"), L.GlobalAveragePooling2D(), L.Dense(64), L.Dense(10))


@family
def conv3d(d):
    return chain(d, (d.int(4, 6), d.int(4, 6), d.int(4, 6), d.int(1, 3)), L.Conv3D(
        d.int(1, 4), d.int(1, 3), d.int(1, 2), padding=d.pick("same", "valid"), activation=d.pick(*CHEAP),
        use_bias=d.maybe()), d.walk([L.BatchNormalization(), L.MaxPooling3D(2, padding="same"),
                                     L.AveragePooling3D(2), L.GlobalAveragePooling3D()]))


@family
def conv_transpose(d):
    padding = d.pick("same", "valid")
    if d.turn % 2:
        return chain(d, (d.int(4, 8), d.int(1, 5)), L.Conv1DTranspose(
            d.int(1, 5), d.int(1, 4), d.int(1, 3), padding=padding, activation=d.pick(*CHEAP), use_bias=d.maybe()))
    return chain(d, image(d, 3, 6), L.Conv2DTranspose(
        d.int(1, 5), (d.int(1, 4), d.int(1, 4)), (d.int(1, 3), d.int(1, 3)), padding=padding,
        activation=d.pick(*CHEAP), use_bias=d.maybe()), L.BatchNormalization())


@family
def depthwise(d):
    multiplier, padding = d.pick(1, 1, 2), d.pick("same", "valid")
    if d.turn % 2:
        return chain(d, (d.int(8, 14), d.int(1, 6)), L.DepthwiseConv1D(
            d.int(1, 4), d.int(1, 2), padding=padding, depth_multiplier=multiplier, activation=d.pick(*CHEAP)))
    dilation = d.pick(1, 1, 2)
    return chain(d, image(d, 7, 10), L.DepthwiseConv2D(
        (d.int(1, 3), d.int(1, 3)), 1 if dilation > 1 else d.int(1, 2), padding=padding,
        depth_multiplier=multiplier, dilation_rate=dilation, use_bias=d.maybe()),
        L.BatchNormalization(), L.ReLU(6.0))


@family
def separable(d):
    padding = d.pick("same", "valid")
    if d.turn % 2:
        return chain(d, (d.int(8, 14), d.int(1, 6)), L.SeparableConv1D(
            d.int(1, 8), d.int(1, 4), d.int(1, 2), padding=padding, depth_multiplier=d.int(1, 2)))
    return chain(d, image(d, 7, 10), L.SeparableConv2D(
        d.int(1, 8), d.int(1, 3), d.int(1, 2), padding=padding, depth_multiplier=d.int(1, 2),
        activation=d.pick(*CHEAP), use_bias=d.maybe()), L.BatchNormalization())


@often(2)
def pooling(d):
    padding = d.pick("same", "valid")
    kind = d.turn % 6
    if kind < 2:
        layer = (L.MaxPooling1D, L.AveragePooling1D)[kind]
        return chain(d, (d.int(7, 12), 3), layer(d.int(2, 3), d.pick(None, 1, 2), padding=padding))
    if kind < 4:
        layer = (L.MaxPooling2D, L.AveragePooling2D)[kind - 2]
        return chain(d, image(d), layer((d.int(1, 3), d.int(2, 3)), d.pick(None, 1, (2, 2)), padding=padding))
    layer = (L.MaxPooling3D, L.AveragePooling3D)[kind - 4]
    return chain(d, (5, 6, 7, 2), layer(2, d.pick(None, 1, 2), padding=padding))


@often(2)
def global_pooling(d):
    kind, keep = d.turn % 6, d.maybe()
    layer = (L.GlobalMaxPooling1D, L.GlobalAveragePooling1D, L.GlobalMaxPooling2D, L.GlobalAveragePooling2D,
             L.GlobalMaxPooling3D, L.GlobalAveragePooling3D)[kind](keepdims=keep)
    return chain(d, ((9, 4), (5, 6, 4), (3, 4, 5, 2))[kind // 2], layer, L.Dense(3))


@family
def batch_normalization(d):
    shape = d.walk([(7,), (5, 6), (5, 6, 3), (3, 4, 5, 2)])
    axis = d.pick(-1, -1, 1)
    return chain(d, shape, L.BatchNormalization(axis, epsilon=d.pick(1e-3, 1e-5), center=d.maybe(),
                                                scale=d.maybe()), L.Activation("relu"))


@often(3)
def normalization_layers(d):
    shape = (6, 8)
    layer = d.walk([
        L.LayerNormalization(), L.LayerNormalization(axis=[1, 2], epsilon=1e-5),
        L.LayerNormalization(center=False), L.LayerNormalization(scale=False), L.GroupNormalization(4),
        L.GroupNormalization(2, scale=False), L.GroupNormalization(-1), L.UnitNormalization(),
        L.UnitNormalization(axis=1), L.RMSNormalization(), L.RMSNormalization(epsilon=1e-3)])
    return chain(d, shape, layer, L.Dense(5), L.LayerNormalization())


def recurrent(d, name, sequences):
    units = d.int(3, 9)
    arguments = {"return_sequences": sequences, "go_backwards": d.int(0, 3) == 0, "use_bias": d.int(0, 3) > 0}
    if name == "lstm":
        return L.LSTM(units, activation=d.pick("tanh", "tanh", "relu"), unit_forget_bias=d.maybe(),
                      recurrent_activation=d.pick("sigmoid", "sigmoid", "hard_sigmoid"), **arguments)
    if name == "gru":
        return L.GRU(units, reset_after=d.maybe(), activation=d.pick("tanh", "tanh", "relu"), **arguments)
    return L.SimpleRNN(units, activation=d.pick("tanh", "relu"), **arguments)


def make_recurrent(name):
    def generator(d):
        shape = (d.int(2, 7), d.int(2, 6))
        layers = [recurrent(d, name, True) for _ in range(d.int(0, 1))] + [recurrent(d, name, d.maybe())]
        return chain(d, shape, *layers, L.Dense(3))
    generator.__name__ = name
    family(generator)


for recurrent_name in ("lstm", "gru", "simple_rnn"):
    make_recurrent(recurrent_name)


@family
def lstm_large(d):
    return chain(d, (6, 20), L.LSTM(20, return_sequences=True), L.LSTM(16), L.Dense(10, activation="softmax"))


@family
def bidirectional(d):
    inner = recurrent(d, d.walk(["lstm", "gru", "simple_rnn"]), d.maybe())
    inner.go_backwards = False
    return chain(d, (d.int(2, 6), d.int(2, 5)),
                 L.Bidirectional(inner, merge_mode=d.walk(["concat", "sum", "mul", "ave"])), L.Dense(3))


@family
def time_distributed(d):
    inner = d.walk([L.Dense(5, activation="relu"), L.Conv2D(3, 2), L.LayerNormalization(), L.Flatten()])
    shape = (4, 5, 6, 2) if isinstance(inner, (L.Conv2D, L.Flatten)) else (4, 6)
    return chain(d, shape, L.TimeDistributed(inner), L.TimeDistributed(L.Dense(2)))


@family
def stacked_cells(d):
    cells = [d.pick(L.LSTMCell, L.GRUCell, L.SimpleRNNCell)(d.int(2, 6)) for _ in range(d.int(1, 3))]
    return chain(d, (d.int(2, 5), 4), L.RNN(L.StackedRNNCells(cells), return_sequences=d.maybe()), L.Dense(2))


@family
def recurrent_states(d):
    """The states as outputs, and given as initial states."""
    x = L.Input((5, 4), name="x")
    h, c = L.Input((6,), name="h"), L.Input((6,), name="c")
    if d.maybe():
        outputs = L.LSTM(6, return_state=True, return_sequences=d.maybe())(x, initial_state=[h, c])
        return finish(list(outputs), [x, h, c], {"x": d.normal(5, 4), "h": d.normal(6), "c": d.normal(6)})
    outputs = L.GRU(6, return_state=True, return_sequences=d.maybe())(x, initial_state=h)
    return finish(list(outputs), [x, h], {"x": d.normal(5, 4), "h": d.normal(6)})


@often(2)
def masked(d):
    """Masks from Masking and from Embedding, through layers that pass them on."""
    if d.turn % 2:
        x = tokens = L.Input((6,), dtype="int32", name="x")
        x = L.Embedding(9, 5, mask_zero=True)(x)
        data = {"x": d.rng.integers(0, 4, (BATCH, 6)).astype(np.int32)}
    else:
        x = tokens = L.Input((6, 4), name="x")
        x = L.Masking(mask_value=0.0)(x)
        values = d.normal(6, 4)
        values[d.rng.uniform(size=(BATCH, 6)) < 0.4] = 0
        data = {"x": values}
    x = L.Dropout(0.3)(x)
    kind = d.turn // 2 % 4
    if kind == 3:
        x = L.GlobalAveragePooling1D()(x)
    else:
        x = (L.LSTM, L.GRU, L.SimpleRNN)[kind](5, return_sequences=d.maybe())(x)
    return finish(L.Dense(2)(x), tokens, data)


@family
def multi_head_attention(d):
    q, kv = L.Input((5, 8), name="q"), L.Input((d.int(3, 6), 8), name="kv")
    layer = L.MultiHeadAttention(d.int(1, 3), d.int(2, 5), value_dim=d.pick(None, 3), use_bias=d.maybe(),
                                 output_shape=d.pick(None, 6))
    data = {"q": d.normal(5, 8), "kv": d.normal(*kv.shape[1:])}
    kind = d.turn % 4
    if kind == 0:
        return finish(layer(q, q), q, {"q": data["q"]})
    if kind == 1:
        return finish(layer(q, q, use_causal_mask=True), q, {"q": data["q"]})
    if kind == 2:
        return finish(list(layer(q, kv, return_attention_scores=True)), [q, kv], data)
    return finish(layer(q, kv), [q, kv], data)


@family
def group_query_attention(d):
    q, kv = L.Input((5, 8), name="q"), L.Input((4, 8), name="kv")
    layer = L.GroupQueryAttention(d.int(2, 5), 4, d.pick(1, 2, 4), use_bias=d.maybe())
    if d.turn % 2:
        return finish(layer(q, q, use_causal_mask=d.maybe()), q, {"q": d.normal(5, 8)})
    return finish(layer(q, kv), [q, kv], {"q": d.normal(5, 8), "kv": d.normal(4, 8)})


@often(2)
def attention(d):
    q, v = L.Input((5, 6), name="q"), L.Input((4, 6), name="v")
    layer = d.walk([L.Attention(), L.AdditiveAttention(), L.Attention(use_scale=True),
                    L.AdditiveAttention(use_scale=False), L.Attention(score_mode="concat")])
    data = {"q": d.normal(5, 6), "v": d.normal(4, 6)}
    if d.maybe():
        k = L.Input((4, 6), name="k")
        return finish(layer([q, v, k]), [q, v, k], {**data, "k": d.normal(4, 6)})
    return finish(layer([q, v], use_causal_mask=d.maybe()), [q, v], data)


@often(2)
def merging(d):
    shape = d.walk([(6,), (4, 6), (3, 4, 6)])
    a, b, c = (L.Input(shape, name=n) for n in "abc")
    data = {n: d.normal(*shape) for n in "abc"}
    kind = d.turn % 8
    if kind == 0:
        x = L.Subtract()([a, L.Add()([b, c])])
    elif kind == 7:
        axes = d.pick(-1, len(shape))
        x = L.Concatenate()([L.Flatten()(L.Dot(axes=axes, normalize=d.maybe())([a, b])), L.Flatten()(c)]) \
            if len(shape) < 3 else L.Add()([a, b, c])
    else:
        layer = (L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Concatenate)[kind - 1]
        x = layer(axis=d.int(1, len(shape)))([a, b, c]) if layer is L.Concatenate else layer()([a, b, c])
    return finish(L.Activation("tanh")(x), [a, b, c], data)


@family
def dot(d):
    a, b = L.Input((4, 6), name="a"), L.Input((d.pick(4, 5), 6), name="b")
    x = L.Dot(axes=(2, 2), normalize=d.maybe())([a, b])
    return finish(x, [a, b], {"a": d.normal(4, 6), "b": d.normal(*b.shape[1:])})


@family
def broadcast_merging(d):
    a, b = L.Input((5, 6), name="a"), L.Input((1, 6), name="b")
    layer = d.walk([L.Add(), L.Multiply(), L.Maximum(), L.Average(), L.Subtract()])
    return finish(layer([a, b]), [a, b], {"a": d.normal(5, 6), "b": d.normal(1, 6)})


@often(2)
def reshaping(d):
    return chain(d, (4, 6), *d.walk([
        [L.Flatten(), L.RepeatVector(3)], [L.Reshape((6, -1)), L.Permute((2, 1))],
        [L.Reshape((2, 2, 6)), L.Permute((3, 1, 2)), L.Flatten()], [L.Permute((2, 1)), L.Dense(3)],
        [L.Flatten(), L.Dense(6), L.RepeatVector(4), L.LSTM(3)]]))


@often(3)
def resizing_grids(d):
    kind = d.turn % 9
    if kind < 3:
        layer = (L.Cropping1D((1, 2)), L.ZeroPadding1D((2, 1)), L.UpSampling1D(3))[kind]
        return chain(d, (8, 3), layer, L.Conv1D(2, 3))
    if kind < 6:
        layer = (L.Cropping2D(((1, 0), (2, 1))), L.ZeroPadding2D(((0, 1), (2, 3))),
                 L.UpSampling2D((2, 3), interpolation=d.pick("nearest", "bilinear")))[kind - 3]
        return chain(d, image(d), layer, L.Conv2D(2, 3))
    layer = (L.Cropping3D(((1, 0), (0, 1), (1, 1))), L.ZeroPadding3D((1, 0, 2)), L.UpSampling3D((2, 1, 2)))[kind - 6]
    return chain(d, (4, 4, 5, 2), layer)


@family
def upsampling(d):
    return chain(d, image(d, 3, 6), L.UpSampling2D(d.int(2, 3), interpolation=d.walk(["bilinear", "nearest"])),
                 L.Conv2D(3, 1))


@family
def training_only(d):
    return chain(d, (6, 4), L.Dropout(0.3), L.GaussianNoise(0.5), L.Dense(5), L.GaussianDropout(0.2),
                 L.SpatialDropout1D(0.2), L.AlphaDropout(0.1), L.ActivityRegularization(l2=0.1), L.Dense(2))


@family
def training_only_images(d):
    return chain(d, (8, 8, 3), L.RandomFlip(), L.RandomRotation(0.1), L.RandomZoom(0.1), L.RandomContrast(0.1),
                 L.RandomBrightness(0.1), L.SpatialDropout2D(0.2), L.Conv2D(4, 3))


@often(2)
def preprocessing(d):
    shape = (d.int(6, 9), d.int(6, 9), 3)
    return chain(d, shape, *d.walk([
        [L.Rescaling(1 / 127.5, offset=-1.0)], [L.Resizing(5, 11)],
        [L.Resizing(12, 7, interpolation="nearest")], [L.CenterCrop(4, 5)],
        [L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5])],
        [L.Normalization(mean=0.5, variance=2.0, invert=True)], [L.Rescaling([1.0, 0.5, 2.0], offset=[0.0, 0.1, 0.2])],
        [L.Resizing(4, 4, crop_to_aspect_ratio=True)]]), L.Conv2D(2, 3))


@family
def discretization(d):
    x = first = L.Input((5,), name="x")
    mode = d.walk(["int", "one_hot", "multi_hot", "count"])
    x = L.Discretization(bin_boundaries=[-1.0, -0.2, 0.3, 1.1], output_mode=mode)(x)
    return finish(x, first, {"x": d.normal(5)})


@family
def category_encoding(d):
    mode = d.walk(["multi_hot", "one_hot", "count"])
    width = 1 if mode == "one_hot" else 4
    x = first = L.Input((width,), dtype="int32", name="x")
    x = L.CategoryEncoding(num_tokens=6, output_mode=mode)(x)
    return finish(L.Dense(3)(x), first, {"x": d.rng.integers(0, 6, (BATCH, width)).astype(np.int32)})


@often(3)
def spectrograms(d):
    if d.turn % 2:
        return chain(d, (512,), L.MelSpectrogram(fft_length=128, sequence_stride=64, sampling_rate=8000,
                                                 num_mel_bins=d.pick(10, 20), max_freq=4000,
                                                 power_to_db=d.maybe()))
    return chain(d, (256, 1), L.STFTSpectrogram(mode=d.walk(["log", "magnitude", "psd", "real", "imag"]),
                                              frame_length=64, frame_step=d.pick(16, 32), fft_length=64,
                                              window=d.pick("hann", "hamming", None), padding=d.pick("valid", "same")))


@often(2)
def einsum_dense(d):
    equation, out, bias = d.walk([("abc,cd->abd", (None, 7), "d"), ("abc,cde->abde", (None, 2, 3), "e"),
                                  ("abc,bcd->ad", 5, None), ("ab...,bc->ac...", (6, None), None),
                                  ("abc,dc->abd", (None, 7), "d")])
    return chain(d, (4, 6), L.EinsumDense(equation, output_shape=out, bias_axes=bias, activation=d.pick(*CHEAP)))


@family
def embedding(d):
    x = first = L.Input((5,), dtype=d.pick("int32", "int32", "float32"), name="x")
    x = L.Embedding(d.pick(12, 80), d.pick(4, 16))(x)
    x = d.walk([L.Flatten(), L.GlobalAveragePooling1D(), L.Conv1D(4, 2), L.LSTM(4)])(x)
    ids = d.rng.integers(0, 12, (BATCH, 5)).astype(first.dtype)
    return finish(L.Dense(3)(x), first, {"x": ids})


@often(3)
def keras_ops(d):
    """keras.ops calls that Keras records in the model's config."""
    ops = keras.ops
    x, y = L.Input((4, 6), name="x"), L.Input((4, 6), name="y")
    kind = d.turn % 10
    z = [lambda: ops.relu(x) + ops.tanh(y) * 0.5 - 1.0,
         lambda: ops.matmul(x, ops.transpose(y, (0, 2, 1))),
         lambda: ops.concatenate([ops.mean(x, axis=1), ops.max(y, axis=1)], axis=-1),
         lambda: ops.softmax(ops.reshape(x, (-1, 24))) / (ops.exp(ops.min(y, axis=(1, 2), keepdims=False)[:, None]) + 1.0),
         lambda: x[:, 1:3] * y[:, 2:, ] + x[:, 0:1],
         lambda: ops.sqrt(ops.square(x) + ops.abs(y)) ** 1.5,
         lambda: ops.where(x > y, x, ops.clip(y, -0.5, 0.5)),
         lambda: ops.stack([ops.sigmoid(x), ops.maximum(x, y)], axis=1),
         lambda: ops.sum(ops.expand_dims(x, 2) * ops.expand_dims(y, 1), axis=-1),
         lambda: ops.pad(ops.squeeze(ops.split(x, 2, axis=1)[0][:, :1], axis=1), ((0, 0), (1, 2))) - ops.tile(y[:, 0, :3], (1, 3))][kind]()
    z = L.Dense(3)(z)
    return finish(z, [x, y], {"x": d.normal(4, 6), "y": d.normal(4, 6)})


CHANNEL_LAYERS = {  # made twice, for the two data formats
    "conv2d": lambda f, d: L.Conv2D(d.int(2, 5), 3, d.int(1, 2), padding=d.pick("same", "valid"), data_format=f),
    "depthwise": lambda f, d: L.DepthwiseConv2D(2, padding="same", data_format=f),
    "separable": lambda f, d: L.SeparableConv2D(d.int(2, 5), 2, data_format=f),
    "transpose": lambda f, d: L.Conv2DTranspose(3, 2, 2, data_format=f),
    "batch": lambda f, d: L.BatchNormalization(axis=1 if f == "channels_first" else -1),
    "max": lambda f, d: L.MaxPooling2D(2, padding="same", data_format=f),
    "average": lambda f, d: L.AveragePooling2D(2, data_format=f),
    "pad": lambda f, d: L.ZeroPadding2D(((1, 0), (0, 2)), data_format=f),
    "crop": lambda f, d: L.Cropping2D(((1, 0), (0, 1)), data_format=f),
    "up": lambda f, d: L.UpSampling2D(2, data_format=f),
    "flatten": lambda f, d: L.Flatten(data_format=f),
    "global": lambda f, d: L.GlobalAveragePooling2D(data_format=f),
    "global max": lambda f, d: L.GlobalMaxPooling2D(data_format=f),
}


@often(2)
def channels_first(d):
    """TensorFlow on a CPU lacks these kernels, so a channels_last twin with the same weights says what
    is expected."""
    names = list(CHANNEL_LAYERS)
    body = [names[(d.turn * 3 + i) % 10] for i in range(3)]
    last = names[10 + d.turn % 3]
    seed = d.int(0, 1 << 30)

    def build(data_format):
        x = first = L.Input((3, 12, 12) if data_format == "channels_first" else (12, 12, 3), name="x")
        dice = Dice(seed, d.turn)
        for name in [*body, last]:
            x = CHANNEL_LAYERS[name](data_format, dice)(x)
        return keras.Model(first, L.Dense(3)(x))
    model, twin = build("channels_first"), build("channels_last")
    data = d.normal(3, 12, 12)
    return Made(model, {"x": data}, lambda: (twin.set_weights(model.get_weights()),
                                             twin.predict(data.transpose(0, 2, 3, 1), verbose=0))[1])


@family
def shared_layers(d):
    a, b = L.Input((7,), name="a"), L.Input((7,), name="b")
    encoder = L.Dense(6, activation="tanh")
    norm = L.BatchNormalization()
    u, v = norm(encoder(a)), norm(encoder(b))
    x = L.Concatenate()([u, v, encoder(a)]) if d.maybe() else L.Dot(-1, normalize=True)([u, v])
    return finish(x, [a, b], {"a": d.normal(7), "b": d.normal(7)})


@family
def nested(d):
    inner_in = L.Input((8, 8, 2))
    inner = keras.Model(inner_in, L.Add()([L.Conv2D(2, 3, padding="same")(inner_in), inner_in]), name="inner")
    head = keras.Sequential([L.Flatten(), L.Dense(8, activation="relu"), keras.Sequential([L.Dense(4)])])
    x = first = L.Input((8, 8, 2), name="x")
    for _ in range(d.int(1, 2)):
        x = inner(x)
    return finish(head(x), first, {"x": d.normal(8, 8, 2)})


@family
def many_outputs(d):
    a, b = L.Input((5,), name="left"), L.Input((3, 4), name="right")
    x = L.Concatenate()([L.Dense(6)(a), L.Flatten()(b)])
    outs = [L.Dense(d.int(1, 4), name=f"head{i}")(x) for i in range(d.int(2, 3))]
    if d.maybe():
        outs.append(b)  # an input passed straight on
    return finish(outs, [a, b], {"left": d.normal(5), "right": d.normal(3, 4)})


@family
def mobile_network(d):
    x = first = L.Input((16, 16, 3), name="x")
    x = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(8, 3, 2, padding="same", use_bias=False)(x)))
    for stride in (1, 2):
        y = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(24, 1, use_bias=False)(x)))
        if stride == 2:
            y = L.ZeroPadding2D(((0, 1), (0, 1)))(y)
        y = L.DepthwiseConv2D(3, stride, padding="same" if stride == 1 else "valid", use_bias=False)(y)
        y = d.pick(L.ReLU(6.0), L.Activation("hard_silu"))(L.BatchNormalization()(y))
        s = L.Dense(24, activation="hard_sigmoid")(L.Dense(6, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(y)))
        y = L.BatchNormalization()(L.Conv2D(8, 1, use_bias=False)(L.Multiply()([y, s])))
        x = L.Add()([x, y]) if stride == 1 else y
    return finish(L.Dense(10, activation="softmax")(L.GlobalAveragePooling2D()(x)), first, {"x": d.normal(16, 16, 3)})


@family
def residual_network(d):
    x = first = L.Input((12, 12, 3), name="x")
    x = L.MaxPooling2D(2)(L.ReLU()(L.BatchNormalization()(L.Conv2D(8, 3, padding="same")(x))))
    for filters in (8, 16):
        y = L.ReLU()(L.BatchNormalization()(L.Conv2D(filters, 3, padding="same")(x)))
        y = L.BatchNormalization()(L.Conv2D(filters, 3, padding="same")(y))
        x = L.ReLU()(L.Add()([y, x if x.shape[-1] == filters else L.Conv2D(filters, 1)(x)]))
    return finish(L.Dense(5)(L.Flatten()(x)), first, {"x": d.normal(12, 12, 3)})


@family
def unet(d):
    x = first = L.Input((8, 8, 2), name="x")
    skip = L.Conv2D(6, 3, padding="same", activation="relu")(x)
    x = L.Conv2D(8, 3, padding="same", activation="relu")(d.pick(L.MaxPooling2D, L.AveragePooling2D)(2)(skip))
    x = L.Conv2DTranspose(6, 2, 2)(x) if d.maybe() else L.UpSampling2D(2, interpolation="bilinear")(x)
    x = L.Conv2D(4, 3, padding="same", activation="relu")(L.Concatenate()([x, skip]))
    return finish(L.Conv2D(1, 1, activation="sigmoid")(x), first, {"x": d.normal(8, 8, 2)})


@family
def transformer(d):
    x = first = L.Input((6,), dtype="int32", name="x")
    x = L.Embedding(30, 16)(x)
    for _ in range(d.int(1, 2)):
        y = L.MultiHeadAttention(2, 8)(x, x, use_causal_mask=d.maybe())
        x = d.pick(L.LayerNormalization, L.RMSNormalization)()(L.Add()([x, y]))
        y = L.Dense(16)(L.Dropout(0.1)(L.Dense(32, activation="gelu")(x)))
        x = L.LayerNormalization()(x + y)
    x = L.GlobalAveragePooling1D()(x) if d.maybe() else x[:, 0]
    return finish(L.Dense(4, activation="softmax")(x), first, {"x": d.rng.integers(0, 30, (BATCH, 6)).astype(np.int32)})


@family
def speech_network(d):
    return chain(d, (400,), L.MelSpectrogram(fft_length=64, sequence_stride=32, sampling_rate=4000, num_mel_bins=12,
                                             max_freq=2000), L.Permute((2, 1)), L.LayerNormalization(),
                 L.Conv1D(8, 3, activation="relu"), L.Bidirectional(L.GRU(5)), L.Dense(3, activation="softmax"))


@family
def series_network(d):
    x = first = L.Input((24, 3), name="x")
    for rate in (1, 2, 4):
        y = L.Conv1D(6, 3, padding="causal", dilation_rate=rate, activation="relu")(x)
        y = L.SpatialDropout1D(0.2)(L.Conv1D(6, 1)(y))
        x = L.Add()([y, x if x.shape[-1] == 6 else L.Conv1D(6, 1)(x)])
    x = d.pick(L.GlobalMaxPooling1D(), L.Flatten(), L.LSTM(8))(x)
    return finish(L.Dense(2)(x), first, {"x": d.normal(24, 3)})


def make(seed):
    """(family's name, Made) of one seed."""
    generator, place, times = FAMILIES[seed % len(FAMILIES)]
    keras.utils.set_random_seed(seed)
    dice = Dice(seed, seed // len(FAMILIES) * times + place)
    made = generator(dice)
    for variable in made.model.variables:  # no statistic or bias stays at its initial zeros and ones
        name = variable.path.rsplit("/", 1)[-1]
        if name in ("moving_variance", "gamma", "scale") and variable.dtype == "float32" and len(variable.shape):
            variable.assign(dice.rng.uniform(0.5, 1.5, variable.shape))
        elif "bias" in name or name in ("beta", "moving_mean"):
            variable.assign(dice.rng.uniform(-0.3, 0.3, variable.shape))
    return generator.__name__, made


def layer_names(model):
    """Class names of all layers and recorded operations, inner ones too."""
    names = set()
    for operation in getattr(model, "operations", model.layers):
        names.add(type(operation).__name__)
        if isinstance(operation, keras.Model):
            names |= layer_names(operation)
        for attribute in ("layer", "forward_layer", "cell"):
            inner = getattr(operation, attribute, None)
            if isinstance(inner, keras.layers.Layer):
                names.add(type(inner).__name__)
                names |= {type(c).__name__ for c in getattr(inner, "cells", [])}
    return names - {"InputLayer", "Functional", "Sequential", "Model"}
