#!/usr/bin/env python3
"""Trains the digits model and writes digits.keras, eval.npz and calibrate.npz beside this file.

The three files are committed; run this only to make them anew. It needs tensorflow (or
tensorflow-cpu), keras 3 and scikit-learn, which carries the data set.
"""
import pathlib

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = pathlib.Path(__file__).parent
SEED = 7
EPOCHS, BATCH = 40, 32
CALIBRATION_IMAGES = 200


def load():
    """x: float32 [n, 8, 8, 1] in 0..16 as scanned; y: int32 [n]. A quarter is held out."""
    digits = load_digits()
    x = digits.images.astype(np.float32)[..., None]
    y = digits.target.astype(np.int32)
    return train_test_split(x, y, test_size=0.25, random_state=SEED, stratify=y)


def block(x, filters, stride):
    """Depthwise-separable convolution, as small networks use it."""
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(x)


def build():
    image = layers.Input((8, 8, 1), name="image")
    x = layers.Rescaling(1 / 16)(image)
    x = layers.Conv2D(32, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = block(x, 64, 2)
    x = layers.Add()([x, block(x, 64, 1)])
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(64, activation="relu")(x)
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    return keras.Model(image, digit, name="digits")


def main():
    keras.utils.set_random_seed(SEED)
    x_train, x_eval, y_train, y_eval = load()
    model = build()
    steps = EPOCHS * -(-len(x_train) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=BATCH, epochs=EPOCHS, verbose=2)
    accuracy = model.evaluate(x_eval, y_eval, verbose=0)[1]
    print(f"accuracy on the {len(y_eval)} held-out images: {accuracy:.4f}")

    inference = keras.Model(model.input, model.output, name="digits")  # no optimizer state
    inference.save(HERE / "digits.keras")
    np.savez_compressed(HERE / "eval.npz", x=x_eval, y=y_eval)
    np.savez_compressed(HERE / "calibrate.npz", x=x_train[:CALIBRATION_IMAGES])


if __name__ == "__main__":
    main()
