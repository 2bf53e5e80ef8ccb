from dataclasses import dataclass

import numpy as np

from .stream import Stream


@dataclass
class Light:
    """Weather, light and sensor of one image; colours are RGB in 0 to 1.

    Args:
        sky_top (np.ndarray): Colour of the sky overhead.
        sky_low (np.ndarray): Colour of the sky at the horizon.
        cloud (np.ndarray): Colour of the clouds.
        cloudiness (float): Share of the sky under clouds, 0 to 1.
        left (float): Light on what faces right, on the left of the street.
        right (float): Light on what faces left.
        front (float): Light on what faces the camera.
        shadow (float): Light that remains in a cast shadow, 1 for no shadow.
        tint (np.ndarray): Colour of the light.
        fog (float): Depth in metres at which half of the light is fog's.
        fog_colour (np.ndarray): Colour of the fog.
        wetness (float): Share of the sky that the ground mirrors.
        lamps (float): Share of windows, lamps and head lights that are on.
        contrast (float): Strength of the tone curve, 0 for a straight one.
        exposure (float): Gain of the sensor.
        vignette (float): Share of light missing in the corners.
        noise (float): Standard deviation of the fine sensor noise.
        coarse_noise (float): Same of the noise of 2x2 pixels, per channel.
        blur (int): How often the image is smoothed sideways.
    """
    sky_top: np.ndarray
    sky_low: np.ndarray
    cloud: np.ndarray
    cloudiness: float
    left: float
    right: float
    front: float
    shadow: float
    tint: np.ndarray
    fog: float
    fog_colour: np.ndarray
    wetness: float
    lamps: float
    contrast: float
    exposure: float
    vignette: float
    noise: float
    coarse_noise: float
    blur: int


def day_light(stream: Stream) -> Light:
    """Draw the light of a day: clear, hazy, overcast, rain or fog."""
    weather = stream.choice(('clear', 'clear', 'clear', 'hazy', 'overcast',
                             'overcast', 'rain', 'fog'))
    clear = weather in ('clear', 'hazy')
    if clear:
        sky_top = stream.colour(
            ((60, 120, 205), (90, 150, 220), (40, 95, 170), (130, 170, 215)),
            18)
        sky_low = stream.colour(((190, 215, 235), (225, 225, 220),
                                 (165, 200, 235), (240, 220, 190)), 12)
    else:
        sky_top = stream.colour(((150, 155, 162), (185, 188, 192),
                                 (120, 126, 136), (205, 205, 203)), 16)
        sky_low = stream.colour(
            ((205, 208, 212), (228, 228, 226), (178, 182, 188)), 14)
    sun = stream.uniform(0.15, 0.4) if clear else stream.uniform(0.0, 0.08)
    side = stream.sign()
    fog = {
        'clear': stream.uniform(250, 600),
        'hazy': stream.uniform(70, 140),
        'overcast': stream.uniform(150, 400),
        'rain': stream.uniform(60, 120),
        'fog': stream.uniform(30, 55),
    }[weather]
    return Light(
        sky_top=sky_top,
        sky_low=sky_low,
        cloud=stream.colour(((245, 245, 245), (225, 228, 232)), 10),
        cloudiness=stream.uniform(0.0, 0.7),
        left=0.95 - sun * side,
        right=0.95 + sun * side,
        front=0.95 - sun * stream.uniform(-0.7, 0.9),
        shadow=stream.uniform(0.45, 0.65) if clear else 0.92,
        tint=stream.colour(
            ((255, 244, 226), (255, 250, 242), (240, 246, 255)), 6) / 0.96,
        fog=fog,
        fog_colour=sky_low,
        wetness=stream.uniform(0.25, 0.5) if weather == 'rain' else 0.0,
        lamps=0.1 if weather in ('rain', 'fog') else 0.0,
        contrast=stream.uniform(0.0, 0.5),
        exposure=stream.uniform(0.88, 1.1),
        vignette=stream.uniform(0.0, 0.15),
        noise=stream.uniform(0.006, 0.014),
        coarse_noise=0.0,
        blur=0)


def dusk_light(stream: Stream) -> Light:
    """Draw the light after sunset: little of it, coloured, with lamps on."""
    sky_top = stream.colour(
        ((38, 48, 92), (58, 50, 96), (30, 60, 100), (70, 78, 105)), 12)
    sky_low = stream.colour(
        ((235, 140, 80), (215, 115, 110), (240, 180, 110), (150, 120, 150)),
        18)
    side = stream.sign()
    glow = stream.uniform(0.0, 0.12)
    return Light(
        sky_top=sky_top,
        sky_low=sky_low,
        cloud=stream.colour(((120, 85, 105), (85, 75, 105), (190, 120, 95)),
                            12),
        cloudiness=stream.uniform(0.1, 0.8),
        left=0.46 - glow * side,
        right=0.46 + glow * side,
        front=stream.uniform(0.34, 0.5),
        shadow=0.9,
        tint=stream.colour(((190, 178, 235), (235, 185, 185), (178, 200, 240),
                            (240, 200, 165)), 10),
        fog=stream.uniform(60, 250),
        fog_colour=(sky_low + sky_top) * 0.5,
        wetness=stream.uniform(0.2, 0.5) if stream.chance(0.4) else 0.0,
        lamps=stream.uniform(0.35, 0.8),
        contrast=stream.uniform(0.2, 0.8),
        exposure=stream.uniform(1.0, 1.4),
        vignette=stream.uniform(0.1, 0.35),
        noise=stream.uniform(0.022, 0.04),
        coarse_noise=stream.uniform(0.015, 0.035),
        blur=stream.integer(1, 3))
