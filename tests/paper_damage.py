"""What happens to a printed code: blur, noise, tilt, JPEG and dirt, each as its own function.

A picture is a code with four modules of quiet zone; `module` is a module's side in pixels.
"""

import random
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Damage = Callable[[Picture, float], Picture]

WHITE = 255
FINDER = 8


def blurred(picture: Picture, module: float, *, sigma: float = 0.25) -> Picture:
    """Gaussian, sigma in modules."""
    return _as_picture(cv2.GaussianBlur(picture, (0, 0), module * sigma))


def noisy(picture: Picture, _module: float, *, sigma: float = 20) -> Picture:
    """Gaussian, sigma of 255."""
    noise = np.random.default_rng(7).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, WHITE).astype(np.uint8)


def turned(picture: Picture, _module: float, *, degrees: float = 15) -> Picture:
    """Turned in its plane, on white."""
    framed = np.pad(picture, picture.shape[0] // 4, constant_values=WHITE)
    size = (framed.shape[1], framed.shape[0])
    turn = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), degrees, 1)
    return _as_picture(cv2.warpAffine(framed, turn, size, borderValue=WHITE))


def leaning(picture: Picture, _module: float, *, degrees: float = 15) -> Picture:
    """Leaning back, seen from three times its own height away."""
    height, width = picture.shape
    angle = np.radians(degrees)
    corners = np.array([(x, y) for x in (-0.5, 0.5) for y in (-0.5, 0.5)])
    depth = 3 + corners[:, 1] * np.sin(angle)
    seen = 3 * np.stack([corners[:, 0], corners[:, 1] * np.cos(angle)], axis=1) / depth[:, None]
    view = cv2.getPerspectiveTransform(
        ((corners + 0.5) * (width, height)).astype(np.float32),
        ((seen + 0.6) * (width, height)).astype(np.float32),
    )
    size = (round(width * 1.2), round(height * 1.2))
    return _as_picture(cv2.warpPerspective(picture, view, size, borderValue=WHITE))


def jpeg(picture: Picture, _module: float, *, quality: int = 40) -> Picture:
    """Saved as JPEG and opened again."""
    _, file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _as_picture(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))


def dirty(picture: Picture, module: float, *, part: float = 0.05) -> Picture:
    """A dark patch over a part of the symbol, anywhere outside the finder patterns."""
    modules = round(picture.shape[0] / module) - 8
    side = round(np.sqrt(part) * modules)
    last = modules - side
    chance = random.Random(picture.tobytes())
    while True:
        row, column = chance.randint(0, last), chance.randint(0, last)
        is_high, is_low = row < FINDER, row + side > modules - FINDER
        is_left, is_right = column < FINDER, column + side > modules - FINDER
        if not (is_high and (is_left or is_right)) and not (is_low and is_left):
            break
    soiled = picture.copy()
    top, left = round((row + 4) * module), round((column + 4) * module)
    soiled[top : top + round(side * module), left : left + round(side * module)] = 60
    return soiled


def small(picture: Picture, module: float, *, dots: float) -> Picture:
    """Seen from far away: so many dots to a module."""
    scale = dots / module
    return _as_picture(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


def faded(picture: Picture, _module: float, *, black: int) -> Picture:
    """Black has become grey."""
    return _as_picture((black + picture * ((WHITE - black) / WHITE)).round())


def shaded(picture: Picture, _module: float, *, darkest: float) -> Picture:
    """A shadow that deepens from left to right, down to that part of the light."""
    return _as_picture((picture * np.linspace(1, darkest, picture.shape[1])).round())


def _as_picture(pixels: object) -> Picture:
    return np.asarray(pixels, dtype=np.uint8)


DAMAGES: tuple[Damage, ...] = (blurred, noisy, turned, leaning, jpeg, dirty)
