"""Points that a text names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.classification.coordinates import point_of

# fmt: off
POINTS = [
    ("jalan rusak di -2.6823, 111.6215 tolong",                                          (-2.6823, 111.6215)),
    ("titik: -2.682312,111.621544",                                                      (-2.682312, 111.621544)),
    ("-2,6823 ; 111,6215",                                                               (-2.6823, 111.6215)),
    ("2.6823 LS 111.6215 BT",                                                            (-2.6823, 111.6215)),
    ("koordinat 2.6823 S, 111.6215 E",                                                   (-2.6823, 111.6215)),
    ("lokasi 2°40'55\"S 111°37'20\"E",                                                   (-2.681944, 111.622222)),
    ("lokasi 2° 40' 55,1\" LS, 111° 37' 20,2\" BT",                                      (-2.681972, 111.622278)),
    ("https://www.google.com/maps/@-2.6823,111.6215,17z",                                (-2.6823, 111.6215)),
    ("https://maps.google.com/?q=-2.6823,111.6215",                                      (-2.6823, 111.6215)),
    ("https://www.google.com/maps/search/?api=1&query=-2.6823%2C111.6215",               (-2.6823, 111.6215)),
    ("https://www.google.com/maps/place/X/@-2.70,111.60,15z/data=!3d-2.6823!4d111.6215", (-2.6823, 111.6215)),
    ("https://www.openstreetmap.org/?mlat=-2.6823&mlon=111.6215#map=16/-2.7/111.6",      (-2.6823, 111.6215)),
    ("https://www.openstreetmap.org/#map=16/-2.6823/111.6215",                           (-2.6823, 111.6215)),
    ("geo:-2.6823,111.6215?z=15",                                                        (-2.6823, 111.6215)),
    ("harga 12.500, 111.500 rupiah",                                                     None),
    ("kk 62.010 dan 111.621.333",                                                        None),
    ("tagihan 2.500.000, 111.621 kwh",                                                   None),
    ("48.8584, 2.2945 menara",                                                           None),
    ("https://maps.app.goo.gl/abc123",                                                   None),
    ("jalan km 2.5, rt 11",                                                              None),
    ("",                                                                                 None),
]
# fmt: on


@pytest.mark.parametrize(("text", "point"), POINTS)
def test_a_point_in_the_text(text: str, point: tuple[float, float] | None) -> None:
    assert point_of(text) == point


@given(st.floats(-11, 6), st.floats(95, 141))
def test_a_copied_point_is_read_back(latitude: float, longitude: float) -> None:
    assert point_of(f"di {latitude:.5f}, {longitude:.5f} ya") == (round(latitude, 5), round(longitude, 5))


@given(st.text(alphabet="0123456789.,-° 'SELBT@/=&", max_size=80))
def test_any_text_is_read(text: str) -> None:
    point_of(text)
