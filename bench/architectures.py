"""The suite's architectures, in Keras, each a function of the batch size. Imported by suite.py."""
import keras
from keras import layers


def convolve(x, filters, size=3, stride=1, act="relu", norm=True):
    x = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=not norm)(x)
    if norm:
        x = layers.BatchNormalization()(x)
    return layers.Activation(act)(x) if act else x


def depthwise(x, size=3, stride=1, act="relu"):
    x = layers.DepthwiseConv2D(size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(act)(x) if act else x


def bottleneck(x, expand, filters, size=3, stride=1, act="relu6"):
    """An inverted residual block."""
    y = convolve(x, x.shape[-1] * expand, 1, act=act) if expand > 1 else x
    y = convolve(depthwise(y, size, stride, act), filters, 1, act=None)
    return layers.Add()([x, y]) if y.shape == x.shape else y


def classify(x, classes, softmax=True):
    x = layers.Dense(classes)(layers.GlobalAveragePooling2D()(x))
    return layers.Softmax()(x) if softmax else x


def mobilenet_v1(batch, width, size):
    image = keras.Input((size, size, 3), batch_size=batch, name="image")
    return keras.applications.MobileNet(input_tensor=image, alpha=width, weights=None)


def mobilenet_v1_100(batch):
    return mobilenet_v1(batch, 1.0, 224)


def mobilenet_v1_025(batch):
    return mobilenet_v1(batch, 0.25, 128)


def mobilenet_v2(batch):
    image = keras.Input((224, 224, 3), batch_size=batch, name="image")
    return keras.applications.MobileNetV2(input_tensor=image, weights=None)


def mobilenet_v3_small(batch):
    image = keras.Input((224, 224, 3), batch_size=batch, name="image")
    return keras.applications.MobileNetV3Small(input_tensor=image, weights=None,
                                               include_preprocessing=False, dropout_rate=0.0)


def efficientnet_lite0(batch):
    image = keras.Input((224, 224, 3), batch_size=batch, name="image")
    x = convolve(image, 32, 3, 2, "relu6")
    stages = [(1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3),
              (6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)]
    for expand, filters, repeats, stride, size in stages:
        for i in range(repeats):
            x = bottleneck(x, expand, filters, size, stride if i == 0 else 1)
    return keras.Model(image, classify(convolve(x, 1280, 1, act="relu6"), 1000))


def residual(x, filters, stride):
    y = convolve(convolve(x, filters, 3, stride), filters, act=None)
    if stride > 1 or x.shape[-1] != filters:
        x = convolve(x, filters, 1, stride, act=None)
    return layers.ReLU()(layers.Add()([x, y]))


def resnet8(batch):
    image = keras.Input((32, 32, 3), batch_size=batch, name="image")
    x = convolve(image, 16)
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        x = residual(x, filters, stride)
    return keras.Model(image, classify(x, 10))


def resnet18(batch):
    image = keras.Input((224, 224, 3), batch_size=batch, name="image")
    x = layers.MaxPooling2D(3, 2, padding="same")(convolve(image, 64, 7, 2))
    for filters, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        x = residual(residual(x, filters, stride), filters, 1)
    return keras.Model(image, classify(x, 1000))


def squeezenet(batch):
    def fire(x, squeeze, expand):
        x = convolve(x, squeeze, 1, norm=False)
        return layers.Concatenate()([convolve(x, expand, 1, norm=False), convolve(x, expand, 3, norm=False)])
    image = keras.Input((224, 224, 3), batch_size=batch, name="image")
    x = layers.MaxPooling2D(3, 2)(convolve(image, 64, 3, 2, norm=False))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, 16, 64), 16, 64))
    x = layers.MaxPooling2D(3, 2)(fire(fire(x, 32, 128), 32, 128))
    for squeeze, expand in ((48, 192), (48, 192), (64, 256), (64, 256)):
        x = fire(x, squeeze, expand)
    x = layers.GlobalAveragePooling2D()(convolve(x, 1000, 1, norm=False))
    return keras.Model(image, layers.Softmax()(x))


def ds_cnn(batch):
    spectrum = keras.Input((49, 10, 1), batch_size=batch, name="spectrum")
    x = convolve(spectrum, 64, (10, 4), 2)
    for _ in range(4):
        x = convolve(depthwise(x), 64, 1)
    x = layers.Flatten()(layers.AveragePooling2D((25, 5))(x))
    return keras.Model(spectrum, layers.Dense(12, activation="softmax")(x))


def autoencoder(batch):
    features = x = keras.Input((640,), batch_size=batch, name="features")
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(x)))
    return keras.Model(features, layers.Dense(640)(x))


def ecg_cnn(batch):
    signal = x = keras.Input((187, 1), batch_size=batch, name="signal")
    for filters, size in ((32, 7), (32, 5), (64, 5), (64, 3)):
        x = layers.Conv1D(filters, size, padding="same", use_bias=False)(x)
        x = layers.MaxPooling1D(2)(layers.ReLU()(layers.BatchNormalization()(x)))
    x = layers.Dense(32, activation="relu")(layers.GlobalAveragePooling1D()(x))
    return keras.Model(signal, layers.Dense(5, activation="softmax")(x))


def recurrent(batch, layer):
    frames = keras.Input((64, 64), batch_size=batch, name="frames")
    return keras.Model(frames, layers.Dense(10, activation="softmax")(layer(128)(frames)))


def lstm(batch):
    return recurrent(batch, layers.LSTM)


def gru(batch):
    return recurrent(batch, layers.GRU)


def transformer(batch):
    tokens = keras.Input((64, 128), batch_size=batch, name="tokens")
    x = tokens
    for _ in range(4):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(4, 32)(y, y)])
        y = layers.Dense(256, activation="relu")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(128)(y)])
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(tokens, layers.Dense(10, activation="softmax")(x))


def unet(batch):
    image = x = keras.Input((128, 128, 3), batch_size=batch, name="image")
    kept = []
    for filters in (16, 32, 64):
        x = convolve(convolve(x, filters), filters)
        kept.append(x)
        x = layers.MaxPooling2D()(x)
    x = convolve(convolve(x, 128), 128)
    for filters, skip in zip((64, 32, 16), reversed(kept)):
        x = layers.Conv2DTranspose(filters, 2, strides=2, padding="same")(x)
        x = convolve(convolve(layers.Concatenate()([x, skip]), filters), filters)
    return keras.Model(image, layers.Conv2D(2, 1)(x))


def ssd(batch):
    image = keras.Input((192, 192, 3), batch_size=batch, name="image")
    x = convolve(image, 16, 3, 2, "relu6")
    taps = []
    for filters, stride in ((24, 2), (24, 1), (48, 2), (48, 1), (96, 2), (96, 1), (128, 2), (128, 2)):
        x = convolve(depthwise(x, 3, stride, "relu6"), filters, 1, act="relu6")
        if x.shape[1] in (12, 6, 3):
            taps = [tap for tap in taps if tap.shape[1] != x.shape[1]] + [x]

    def heads(outputs, name):
        rows = []
        for tap in taps:
            y = depthwise(tap, act="relu6")
            rows.append(layers.Reshape((-1, outputs))(layers.Conv2D(4 * outputs, 1)(y)))
        return layers.Concatenate(axis=1, name=name)(rows)
    return keras.Model(image, [heads(4, "boxes"), layers.Activation("sigmoid", name="scores")(heads(11, "logits"))])


def wake_word(batch):
    """One step of a streaming detector: 3 new frames of 40 features; what its convolutions still need
    of earlier frames comes in and goes out as inputs and outputs."""
    frames = keras.Input((3, 1, 40), batch_size=batch, name="frames")
    inputs, outputs = [frames], []

    def remember(x, rows, name):
        past = keras.Input((rows, 1, x.shape[-1]), batch_size=batch, name=name)
        both = layers.Concatenate(axis=1)([past, x])
        inputs.append(past)
        outputs.append(layers.Cropping2D(((x.shape[1], 0), (0, 0)), name=f"{name}_next")(both))
        return both
    x = remember(frames, 2, "past_stem")
    x = layers.ReLU()(layers.Conv2D(32, (5, 1), strides=(3, 1), padding="valid")(x))
    for i, (size, filters) in enumerate(((5, 64), (9, 64), (13, 64), (21, 64))):
        x = layers.DepthwiseConv2D((size, 1), padding="valid", use_bias=False)(remember(x, size - 1, f"past_{i}"))
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Flatten()(remember(x, 4, "past_head"))
    return keras.Model(inputs, [layers.Dense(1, activation="sigmoid", name="probability")(x), *outputs])


MODELS = {
    "mobilenet_v1_1.0": mobilenet_v1_100, "mobilenet_v1_0.25": mobilenet_v1_025,
    "mobilenet_v2": mobilenet_v2, "mobilenet_v3_small": mobilenet_v3_small,
    "efficientnet_lite0": efficientnet_lite0, "resnet8": resnet8, "resnet18": resnet18,
    "squeezenet": squeezenet, "ds_cnn": ds_cnn, "autoencoder": autoencoder, "ecg_cnn": ecg_cnn,
    "lstm": lstm, "gru": gru, "transformer": transformer, "unet": unet, "ssd": ssd,
    "wake_word": wake_word,
}
