import numpy as np
import pytest
from PIL import Image
from support.raw_layouts import photo

from trainables.data.datasets import aflw2000, biwi, w300lp
from trainables.data.datasets.crops import Box, Margins, box_at, box_of_points, cut, jpeg, squared, widened

WHITE = Image.new("RGB", (100, 100), (255, 255, 255))


def test_margins_are_added_one_after_the_other() -> None:
    # k = 0.5 on 100 x 100: left 30, then it is 130 wide and right 39; top 100, then 200 high and bottom 60.
    assert widened(Box(100, 100, 200, 200), w300lp.margins(0.5)) == Box(70, 0, 239, 260)


def test_margins_of_the_three_datasets() -> None:
    assert tuple(w300lp.margins(0.4)) == pytest.approx((0.24, 0.8, 0.24, 0.24))
    assert tuple(aflw2000.margins(0.2)) == pytest.approx((0.4, 0.4, 0.4, 0.12))
    assert tuple(biwi.margins(0.35)) == pytest.approx((0.21, 0.35, 0.21, 0.21))


def test_zooming_into_the_widest_crop_gives_the_tightest() -> None:
    points = Box(150, 150, 300, 300)
    wide = squared(widened(points, w300lp.margins(0.4)), "inside")
    tight = squared(widened(points, w300lp.margins(0.2)), "inside")
    assert tight.width / wide.width == pytest.approx(0.82, abs=0.01)
    middles = [((box.left + box.right) / 2, (box.top + box.bottom) / 2) for box in (wide, tight)]
    assert np.abs(np.subtract(*middles)).max() < 0.05 * wide.width


def test_box_of_points_reads_x_and_y_only() -> None:
    assert box_of_points(np.array([[3.0, 1, 2], [9, 8, 7], [-50, 50, 0]])) == Box(1, 7, 3, 9)


@pytest.mark.parametrize(
    ("square", "expected"),
    [("inside", Box(-9, 20, 31, 60)), ("around", Box(-19, 10, 41, 70))],
)
def test_squares_keep_the_middle_and_cut_edges_towards_zero(square: str, expected: Box) -> None:
    assert squared(Box(-9.9, 10.9, 31.9, 70.9), square) == expected  # -9, 10, 31, 70: 40 wide, 60 high


def test_outside_of_the_image_is_black() -> None:
    crop = np.asarray(cut(WHITE, Box(-50, 20, 50, 120), 100))
    assert (crop[:80, 50:] == 255).all()
    assert not crop[:, :50].any() and not crop[80:].any()


def test_crop_is_what_scale_and_centre_crop_make_of_hopenets_box() -> None:
    image, box = photo(3), Box(100.7, 80.2, 301.4, 350.9)
    whole = image.crop(tuple(int(edge) for edge in box))  # 201 x 270
    scaled = whole.resize((224, round(224 * 270 / 201)), Image.Resampling.BILINEAR)
    top = round((scaled.height - 224) / 2)
    oracle = np.asarray(scaled.crop((0, top, 224, top + 224)), float)
    ours = np.asarray(cut(image, squared(box, "inside"), 224), float)
    assert np.abs(ours - oracle).mean() < 1


def test_images_already_in_size_are_not_resampled() -> None:
    image = photo(1, (224, 224))
    assert cut(image, Box(0, 0, 224, 224), 224) is image


@pytest.mark.parametrize(
    ("box", "said"),
    [
        (Box(10, 10, 15, 15), "5 px wide"),
        (Box(200, 0, 300, 100), "lies outside"),
        (Box(-1e6, -1e6, 1e6, 1e6), "px wide in an image of 100x100"),
    ],
)
def test_boxes_that_hold_no_face_are_refused(box: Box, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        cut(WHITE, box, 64)


def test_a_box_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        squared(widened(box_at(float("nan"), 0, 10), Margins(0, 0, 0, 0)), "inside")


def test_jpeg_is_one() -> None:
    assert jpeg(WHITE, 95).startswith(b"\xff\xd8")
