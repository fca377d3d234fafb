"""The drawn dancer: exact silhouettes, things in front of other things, paint that sticks, and the sets."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from dancekit.core.body import BONE, CHANNEL, Figure, Motion, landmarks3d, pose, vector
from dancekit.core.dancer import DRIVER, SUBJECT, Costume, draw, dress
from dancekit.core.moves import dance
from dancekit.core.skeleton import INDEX
from dancekit.core.stagecraft import Camera, green_screen, random_look, room, shoot

SIZE = (240, 320)
CAMERA = Camera((0.0, 0.9, 4.5), focal=700.0, centre=(120.0, 165.0))


@cache
def costume() -> Costume:
    """The subject, dressed."""
    return dress(*SUBJECT)


def posed(**degrees: float) -> Figure:
    """One frame of the subject, who stands with slightly spread arms, with some angles given in degrees."""
    angles = np.zeros((1, len(CHANNEL)), np.float32)
    for name, value in {"left_abduct": 25.0, "right_abduct": 25.0, **degrees}.items():
        angles[0, CHANNEL[name]] = np.radians(value)
    feet = np.zeros((1, 2, 5), np.float32)
    feet[0, :, 0] = vector(0.14, -0.14)
    return pose(SUBJECT[0], Motion(angles, vector(0, 1, 0)[None], feet))


def spots(figure: Figure) -> dict[str, tuple[int, int]]:
    """(row, column) of each landmark in the picture."""
    pixels = CAMERA.project(landmarks3d(SUBJECT[0], figure))[0][0]
    return {name: (int(pixels[index, 1]), int(pixels[index, 0])) for name, index in INDEX.items()}


def bar(radius: float, half: float, turn: np.ndarray, squash: tuple[float, float, float] = (1, 1, 1)) -> tuple:
    """A costume of one plain grey bar of 2 * half metres along y, and a figure that turns it."""
    offsets = np.array([[[0, -half, 0], [0, half, 0]]], np.float32)
    texture = np.full((8, 12, 4), (128, 128, 128, 255), np.uint8)
    one = np.array([[radius, radius]], np.float32)
    plain = Costume(
        np.zeros((1, 2), int), offsets, one, np.array([squash], np.float32), vector(0, 0, 1)[None], (texture,),
        np.zeros(1, np.float32), np.zeros(1, int),
    )  # fmt: skip
    bones = np.tile(vector(0, 0.9, 0), (1, len(BONE), 1)), np.tile(turn.astype(np.float32), (1, len(BONE), 1, 1))
    return plain, Figure(*bones)


def area(plain: Costume, figure: Figure) -> float:
    """Square metres of the silhouette, as seen from far away."""
    camera = Camera((0.0, 0.9, 400.0), focal=400.0 * 300.0, centre=(120.0, 160.0))
    return float(draw(plain, figure, 0, camera, SIZE)[1].sum(dtype=np.float64)) / 255 / 300.0**2


def test_silhouettes_of_bars_are_exact() -> None:
    upright, tilted = np.eye(3), np.array([[1, 0, 0], [0, 0.5, -(0.75**0.5)], [0, 0.75**0.5, 0.5]])
    end_on = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    disc = np.pi * 0.1**2
    assert area(*bar(0.1, 0.2, upright)) == pytest.approx(disc + 0.2 * 0.4, rel=0.005)
    assert area(*bar(0.1, 0.2, tilted)) == pytest.approx(disc + 0.2 * 0.2, rel=0.005)
    assert area(*bar(0.1, 0.2, end_on)) == pytest.approx(disc, rel=0.015)
    assert area(*bar(0.1, 0.001, upright, (0.5, 1, 1))) == pytest.approx(disc / 2, rel=0.02)


def test_the_silhouette_covers_the_landmarks_and_nothing_far_away() -> None:
    motion = dance(np.random.default_rng(0), 60, Fraction(25), "lesson")
    figure = pose(SUBJECT[0], motion)
    for frame in range(0, 60, 15):
        points = landmarks3d(SUBJECT[0], figure)
        camera = CAMERA.framed(points, SIZE, 0.8)
        alpha = draw(costume(), figure, frame, camera, SIZE)[1]
        pixels = camera.project(points)[0][frame]
        for x, y in pixels[[INDEX[name] for name in INDEX if "foot" not in name and "heel" not in name]]:
            assert alpha[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].max() > 200
        rows, columns = np.nonzero(alpha)
        low, high = pixels.min(0), pixels.max(0)
        reach = 0.12 * SUBJECT[0].height * camera.focal / 4.5
        assert columns.min() > low[0] - reach
        assert columns.max() < high[0] + reach
        assert rows.min() > low[1] - 2 * reach
        assert rows.max() < high[1] + reach


def test_an_arm_hides_the_chest_or_the_chest_the_arm() -> None:
    arms = {"left_abduct": 0.0, "left_spin": 70.0, "left_elbow": 90.0}
    before, behind = posed(left_flex=30, **arms), posed(yaw=180, left_flex=30, **arms)
    place = spots(before)["left_wrist"]
    skin, cloth = draw(costume(), before, 0, CAMERA, SIZE)[0][place], draw(costume(), behind, 0, CAMERA, SIZE)[0]
    red, green, blue = (int(value) for value in skin)
    assert red > green + 25 > blue + 30, "the forearm is not before the chest"
    cloth = cloth[spots(behind)["left_wrist"]].astype(int)
    whiteish, reddish = cloth.min() > 90, cloth[0] > 1.8 * cloth[1]
    assert whiteish or reddish, "the forearm shows through the back"


def test_a_head_turned_away_shows_hair() -> None:
    face, away = posed(), posed(yaw=180)
    first, second = (draw(costume(), figure, 0, CAMERA, SIZE)[0] for figure in (face, away))
    assert first[spots(face)["nose"]][0] > 150
    assert second[spots(away)["nose"]].max() < 120
    row, column = spots(face)["left_eye"]
    assert first[row - 2 : row + 3, column - 2 : column + 3].min() < 70


def test_stripes_stick_to_the_turning_body() -> None:
    chest = []
    for yaw in (-25, 0, 25):
        figure = posed(yaw=yaw)
        heights = np.linspace(0.02, 0.13, 24)
        front = np.stack([0 * heights, heights, 0.13 + 0 * heights], -1).astype(np.float32)
        pixels = CAMERA.project(figure.at(np.full(24, BONE["chest"]), front))[0][0].astype(int)
        picture = draw(costume(), figure, 0, CAMERA, SIZE)[0].astype(int)
        chest.append([picture[y, x, 0] > 1.5 * picture[y, x, 1] for x, y in pixels])
    assert 0.2 < np.mean(chest) < 0.8, "there are no stripes"
    assert np.mean(np.array(chest[0]) == chest[1]) > 0.85
    assert np.mean(np.array(chest[2]) == chest[1]) > 0.85


def test_drawing_is_repeatable_and_stays_in_the_frame() -> None:
    first, again = (draw(costume(), posed(), 0, CAMERA, SIZE) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    assert first[0].shape == (320, 240, 3)
    assert first[1].shape == (320, 240)
    assert not first[0][first[1] == 0].any()
    aside = Camera((0.0, 0.9, 4.5), focal=700.0, centre=(-20.0, 300.0))
    assert draw(costume(), posed(), 0, aside, SIZE)[1].any(), "half a dancer at the edge is drawn"
    gone = Camera((0.0, 0.9, 4.5), focal=700.0, centre=(-2000.0, 165.0))
    assert not draw(costume(), posed(), 0, gone, SIZE)[1].any()


def test_both_of_the_cast_do_the_same_moves() -> None:
    motion = dance(np.random.default_rng(2), 3, Fraction(25), "show")
    shares = []
    for body, look in (SUBJECT, DRIVER):
        figure = pose(body, motion)
        camera = CAMERA.framed(landmarks3d(body, figure), SIZE, 0.8)
        rgb, alpha = draw(dress(body, look), figure, 1, camera, SIZE)
        shares.append((alpha > 127).mean())
        assert rgb[alpha == 255].std() > 30
    assert 0.7 < shares[0] / shares[1] < 1.4


def test_the_green_screen_is_green_but_uneven_and_the_room_is_not() -> None:
    rng = np.random.default_rng(0)
    screen = green_screen(rng, CAMERA, SIZE).backdrop.astype(int)
    assert (screen[..., 1] > 1.6 * screen[..., ::2].max(-1)).all()
    assert screen[..., 1].std() > 4
    home = room(rng, CAMERA, SIZE).backdrop.astype(int)
    assert (home[..., 1] > 1.1 * home[..., ::2].max(-1)).mean() < 0.01
    assert len(np.unique(home.reshape(-1, 3), axis=0)) > 100


def test_a_film_shows_dancer_shadow_and_stage() -> None:
    stage = green_screen(np.random.default_rng(0), CAMERA, SIZE)
    figure = posed()
    rgb, alpha = draw(costume(), figure, 0, CAMERA, SIZE)
    film = shoot(stage, CAMERA, figure, 0, (rgb, alpha)).astype(int)
    assert film.shape == (320, 240, 3)
    solid = alpha == 255
    assert np.abs(film[solid] - rgb[solid]).max() < 20
    assert np.abs(film[:40] - stage.backdrop[:40]).mean() < 4
    heel = spots(figure)["left_heel"]
    floor = (slice(heel[0] + 2, heel[0] + 8), slice(heel[1] - 20, heel[1] + 20))
    bare = alpha[floor] == 0
    assert film[floor][bare].sum() < 0.93 * stage.backdrop[floor][bare].sum(), "there is no shadow at the feet"
    twice = Figure(*(np.concatenate([part, part]) for part in (figure.origins, figure.turns)))
    other = shoot(stage, CAMERA, twice, 1, (rgb, alpha)).astype(int)
    assert np.abs(other[:40] - film[:40]).mean() > 0.5, "the grain stands still"


def test_strangers_wear_anything_but_green() -> None:
    rng = np.random.default_rng(0)
    looks = [random_look(rng) for _ in range(40)]
    assert {look.hair_cut for look in looks} == {"bob", "bun", "long", "short"}
    assert any(look.skirt for look in looks)
    for look in looks:
        for red, green, blue in (*look.top_colours, *look.bottom_colours, *look.shoes, look.belt):
            assert green < 1.3 * max(red, blue) + 10
    dress(SUBJECT[0], looks[0])
