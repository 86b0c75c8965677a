"""Reads the few kinds of real input that the shared models want, with nothing but NumPy."""
import pathlib
import struct
import wave
import zlib

import numpy as np


def read_png(path):
    """An 8-bit grey PNG as uint8 [height, width] (filters none and sub, up, average, Paeth)."""
    data = pathlib.Path(path).read_bytes()
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 0), path
        if kind == b"IDAT":
            packed += body
        at += 12 + length
    raw = zlib.decompress(packed)
    rows, above = [], np.zeros(width, int)
    for y in range(height):
        kind, line = raw[y * (width + 1)], raw[y * (width + 1) + 1:(y + 1) * (width + 1)]
        row = np.zeros(width, int)
        for x in range(width):
            a, b = row[x - 1] if x else 0, above[x]
            c = above[x - 1] if x else 0
            guess = a + b - c
            paeth = min((abs(guess - a), 0, a), (abs(guess - b), 1, b), (abs(guess - c), 2, c))[2]
            row[x] = (line[x] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        rows.append(row)
        above = row
    return np.array(rows, np.uint8)


def read_bmp(path):
    """An uncompressed 8- or 24-bit BMP as uint8 [height, width, 3]."""
    data = pathlib.Path(path).read_bytes()
    offset, = struct.unpack("<I", data[10:14])
    width, height, _, bits = struct.unpack("<iiHH", data[18:30])
    stride = (width * bits // 8 + 3) // 4 * 4
    rows = np.frombuffer(data, np.uint8, stride * abs(height), offset).reshape(abs(height), stride)
    rows = rows[:, :width * bits // 8]
    if height > 0:
        rows = rows[::-1]
    if bits == 8:
        return np.repeat(rows[..., None], 3, 2)
    return rows.reshape(abs(height), width, 3)[..., ::-1]


def resize(image, height, width):
    """Nearest neighbour."""
    y = np.arange(height) * image.shape[0] // height
    x = np.arange(width) * image.shape[1] // width
    return image[y][:, x]


def read_wav(path):
    """16-bit mono samples as float32 in -1..1."""
    with wave.open(str(path)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768


def spectrogram(samples, frames, bins):
    """Log magnitudes [frames, bins] in 0..1: not any model's own front end, but real speech."""
    window = 512
    step = max(1, (len(samples) - window) // max(1, frames - 1))
    cut = np.stack([samples[i * step:i * step + window] for i in range(frames)])
    power = np.abs(np.fft.rfft(cut * np.hanning(window), axis=1))
    edges = np.linspace(0, power.shape[1], bins + 1).astype(int)
    groups = np.stack([power[:, a:max(a + 1, b)].mean(1) for a, b in zip(edges, edges[1:])], 1)
    return (np.log1p(groups * 10) / np.log1p(5000)).astype(np.float32)
