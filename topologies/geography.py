"""Distances on the Earth, and how long light in fibre takes for them."""

import math

EARTH_RADIUS_KM = 6371.0
# Light in glass runs at about 2/3 of c (refractive index 1.468, ITU-T G.652): 5 us per km.
FIBRE_KM_PER_S = 299_792.458 * 2 / 3


def great_circle_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance between two (latitude, longitude) points in degrees, by the haversine formula."""
    lat_a, lon_a, lat_b, lon_b = map(math.radians, (*a, *b))
    h = math.sin((lat_b - lat_a) / 2) ** 2
    h += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))


def fibre_delay_s(distance_km: float) -> float:
    """One-way delay of a straight fibre, rounded to 10 us: the cities are no better known."""
    return round(distance_km / FIBRE_KM_PER_S, 5)
