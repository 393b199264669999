"""Made-up people: exact labels, the same bytes each time, whole folders or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.patience import PATIENCE_S
from support.processes import stay

from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.datasets.rendered_heads import RenderedHeads
from trainables.data.datasets.rendered_heads import build as build_module
from trainables.data.datasets.rendered_heads.expression import draw_expression
from trainables.data.datasets.rendered_heads.head_mesh import HAIR, SKIN, HeadModel, vertex_normals
from trainables.data.datasets.rendered_heads.image import Camera, frame
from trainables.data.datasets.rendered_heads.person import PIVOT, Person
from trainables.data.datasets.rendered_heads.scene import Scene
from trainables.pose.axes import axes_px, head_rotation
from trainables.pose.geometry import pose_from_matrix

TINY = RenderedHeads(images=9, subjects=4, image_px=24, yaw_deg=60, pitch_deg=10, roll_deg=0, seed=3)
NOSE_TIP = 357
"""The foremost vertex of the base mesh."""


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel()


@pytest.fixture(scope="module")
def person(model: HeadModel) -> Person:
    return Person(np.random.default_rng(5), model)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> PreparedDataset:
    return TINY.ensure(tmp_path_factory.mktemp("datasets"), workers=1)


def test_same_seed_same_bytes_whatever_the_number_of_workers(tiny: PreparedDataset, tmp_path: Path) -> None:
    again = TINY.ensure(tmp_path, workers=2)
    assert again.card == tiny.card
    for file in tiny.labels()["file"]:
        assert (again.folder / file).read_bytes() == (tiny.folder / file).read_bytes()


def test_another_seed_gives_other_images_in_another_folder(tiny: PreparedDataset, tmp_path: Path) -> None:
    other = TINY.model_copy(update={"seed": 4})
    assert other.folder_name != TINY.folder_name
    assert other.ensure(tmp_path, workers=1).card.content_hash != tiny.card.content_hash


def test_subjects_stand_in_one_split_only(tiny: PreparedDataset) -> None:
    assert set(tiny.card.splits) == {"train", "validation", "test"}
    assert tiny.labels().groupby("subject")["split"].nunique().max() == 1
    subjects = [set(tiny.samples(split).subjects) for split in tiny.card.splits]
    assert sum(map(len, subjects)) == len(set().union(*subjects)) == TINY.subjects


def test_labels_stay_within_the_limits_and_files_are_square(tiny: PreparedDataset) -> None:
    table = tiny.labels()
    pose_deg = table[["yaw_deg", "pitch_deg", "roll_deg"]].to_numpy()
    assert (np.abs(pose_deg) <= TINY.limits_deg).all()
    assert np.abs(pose_deg[:, 0]).max() > 20
    assert len(table) == TINY.images
    for file in table["file"]:
        with Image.open(tiny.folder / file) as image:
            assert image.size == (TINY.image_px, TINY.image_px)
            assert np.asarray(image).std() > 5


@pytest.mark.parametrize(("subjects", "images"), [(3, 3), (7, 20), (40, 333), (400, 4000)])
def test_every_image_is_planned_and_every_split_filled(subjects: int, images: int) -> None:
    plan = RenderedHeads(images=images, subjects=subjects).plan()
    counts = [subject.images for subject in plan]
    assert sum(counts) == images
    assert max(counts) - min(counts) <= 1
    assert {subject.split for subject in plan} == {"train", "validation", "test"}
    assert len({subject.name for subject in plan}) == subjects


def test_a_prepared_folder_is_reused(
    tiny: PreparedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    TINY.ensure(tmp_path, lambda done, total: seen.append((done, total)), workers=1)
    assert seen[-1] == (TINY.images, TINY.images)
    assert seen == sorted(set(seen))
    monkeypatch.setattr(build_module, "render_subject", lambda task: pytest.fail("rendered again"))
    assert TINY.ensure(tmp_path, workers=1).card == tiny.card


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        TINY.ensure(tmp_path, interrupt, workers=1)
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_killed_build_leaves_no_dataset_and_the_next_one_succeeds(
    tiny: PreparedDataset, tmp_path: Path
) -> None:
    code = (
        "import sys, pathlib; from trainables.data.datasets.rendered_heads import RenderedHeads\n"
        f"RenderedHeads.model_validate_json({TINY.model_dump_json()!r}).ensure(\n"
        "    pathlib.Path(sys.argv[1]), workers=1,\n"
        "    progress=lambda *_: (print('one', flush=True), __import__('time').sleep(60)))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"one\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert list(tmp_path.glob("*/dataset.json")) == []
    assert not (tmp_path / TINY.folder_name).exists()
    assert TINY.ensure(tmp_path, workers=1).card == tiny.card
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [TINY.folder_name]


def test_ctrl_c_is_quiet_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from trainables.data.datasets.rendered_heads import RenderedHeads\n"
        "try:\n"
        "    RenderedHeads(images=4000, subjects=2000, image_px=16).ensure(\n"
        "        pathlib.Path(sys.argv[1]), workers=2, progress=lambda *_: print('one', flush=True))\n"
        "except KeyboardInterrupt: sys.exit(130)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    for _ in range(20):  # until both workers are at work
        assert child.stdout.readline() == "one\n"
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: the parent and its workers
    _, said = child.communicate(timeout=PATIENCE_S)
    assert (child.returncode, said) == (130, "")
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_the_workers_of_a_killed_build_end_with_it(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, sys, pathlib\n"
        "from trainables.data.datasets.rendered_heads import RenderedHeads\n"
        "def tell(*_): print(*(each.pid for each in multiprocessing.active_children()), flush=True)\n"
        "RenderedHeads(images=4000, subjects=2000, image_px=16).ensure(\n"
        "    pathlib.Path(sys.argv[1]), workers=2, progress=tell)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    workers = [int(pid) for pid in child.stdout.readline().split()]
    assert len(workers) == 2 and stay(workers)
    child.kill()
    child.wait()
    until = time.monotonic() + PATIENCE_S
    while stay(workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not stay(workers)


def test_two_builds_at_once_agree(tiny: PreparedDataset, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from trainables.data.datasets.rendered_heads import RenderedHeads\n"
        f"recipe = RenderedHeads.model_validate_json({TINY.model_dump_json()!r})\n"
        "made = recipe.ensure(pathlib.Path(sys.argv[1]), workers=1)\n"
        "print(made.card.content_hash)"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = [child.communicate(timeout=PATIENCE_S)[0].strip() for child in children]
    assert said == [tiny.card.content_hash] * 2


@pytest.mark.parametrize(
    ("pose_deg", "side", "rise"),
    [((40, 0, 0), -1, 0), ((-40, 0, 0), 1, 0), ((0, 30, 0), 0, 1), ((0, -30, 0), 0, -1)],
)
def test_the_nose_goes_where_the_label_says(
    person: Person, pose_deg: tuple[float, float, float], side: int, rise: int
) -> None:
    head = head_rotation(pose_deg).astype(np.float32)
    posed = person.bend(person.vertices({}), head, np.eye(3, dtype=np.float32))
    camera = frame(person, posed, np.random.default_rng(0))
    eyes, nose = person.eyes(posed).mean(axis=0), posed[NOSE_TIP]
    middle, tip = camera.project(np.stack([posed[person.is_face].mean(axis=0), nose]))
    if side:
        assert np.sign(tip[0] - middle[0]) == side  # yaw > 0: to the image's left
    straight = person.bend(person.vertices({}), np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    if rise:
        drop = (straight[NOSE_TIP] - person.eyes(straight).mean(axis=0))[1]
        assert np.sign((nose - eyes)[1] - drop) == rise  # pitch > 0: the nose rises against the eyes


def test_roll_is_clockwise_in_the_image(person: Person) -> None:
    roll = head_rotation((0, 0, 30)).astype(np.float32)
    posed = person.bend(person.vertices({}), roll, roll)
    left, right = Camera(10.0, (0.0, 0.0), 0.2).project(person.eyes(posed))
    assert left[1] > right[1]  # the subject's left eye, at the image's right, sinks


def test_the_head_moves_rigidly_by_the_labelled_rotation(person: Person) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        pose_deg = rng.uniform(-1, 1, 3) * (75, 40, 40)
        rest = person.vertices(draw_expression(rng))
        head, body = (head_rotation(p).astype(np.float32) for p in (pose_deg, pose_deg * 0.3))
        posed = person.bend(rest, head, body)
        rigid = person.head_share == 1
        moved, still = posed[rigid].astype(np.float64), (rest - PIVOT)[rigid].astype(np.float64)
        fitted = np.linalg.lstsq(still, moved, rcond=None)[0].T
        np.testing.assert_allclose(pose_from_matrix(fitted.T), pose_deg, atol=1e-3)
        np.testing.assert_allclose((head @ [0, 0, 1])[:2] * [1, -1], axes_px(pose_deg)[2], atol=1e-6)


def test_the_camera_sees_the_pose_at_the_middle_of_its_axis(person: Person) -> None:
    """The pivot lies on the optical axis, so no part of the turn seen comes from perspective."""
    straight = np.eye(3, dtype=np.float32)
    camera = frame(person, person.bend(person.vertices({}), straight, straight), np.random.default_rng(2))
    origins, directions = camera.rays(8)
    assert np.allclose(origins, [0, 0, camera.distance_dm])
    points = origins + directions * 3
    grid = (np.arange(8) + 0.5) / 8
    np.testing.assert_allclose(camera.project(points)[:8, 0], grid, atol=1e-5)
    np.testing.assert_allclose(camera.project(points)[::8, 1], grid, atol=1e-5)


def test_a_frontal_face_stays_frontal_whoever_it_is(model: HeadModel) -> None:
    """Eyes level, nose in the middle plane: an identity has no pose of its own."""
    for seed in range(8):
        who = model.identity(np.random.default_rng(seed)).vertices
        left, right = who[model.vertices_of(1)].mean(0), who[model.vertices_of(2)].mean(0)
        tilt, turn = np.degrees(np.arctan2((left - right)[1:], (left - right)[0]))
        assert abs(tilt) < 2.5
        assert abs(turn) < 2.5


def test_people_differ_and_stay_themselves(model: HeadModel) -> None:
    first, second, again = (Person(np.random.default_rng(seed), model) for seed in (1, 2, 1))
    skin = model.skin & (model.base[:, 1] > 6.2)
    apart = np.linalg.norm(first.identity.vertices - second.identity.vertices, axis=1)[skin]
    assert apart.mean() > 0.03  # decimetres
    np.testing.assert_array_equal(first.identity.vertices, again.identity.vertices)
    assert first.looks.skin.tolist() == again.looks.skin.tolist()


def test_surface_faces_outwards_and_the_half_seen_scene_shows_the_same(person: Person) -> None:
    posed = person.bend(person.vertices({}), np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32))
    surface = person.surface(posed)
    assert surface.normals[NOSE_TIP, 2] > 0.5
    camera = frame(person, posed, np.random.default_rng(0))
    rays = camera.rays(48)
    whole = Scene(surface).cast(*rays)
    half = Scene(surface.seen_from(np.array([0, 0, camera.distance_dm], np.float32), two_sided=5)).cast(*rays)
    same = np.isin(whole.ray, half.ray)
    assert same.mean() > 0.98
    assert np.abs(whole.far[same] - half.far[np.isin(half.ray, whole.ray)] < 1e-3).mean() > 0.97


def test_left_and_right_features_are_nearly_equal(model: HeadModel) -> None:
    weights = model._features(np.random.default_rng(0))
    gaps = [
        abs(value - weights[name.replace("/l-", "/r-")]) for name, value in weights.items() if "/l-" in name
    ]
    assert 0 < np.mean(gaps) < 0.1


def test_every_mode_is_of_use(model: HeadModel) -> None:
    """Each identity mode gets weight in some person, each expression mode's name exists."""
    drawn: set[str] = set()
    made: set[str] = set()
    rng = np.random.default_rng(0)
    for _ in range(300):
        drawn |= {name for name, weight in model._features(rng).items() if weight}
        made |= draw_expression(rng).keys()
    assert made <= model.mode.keys()
    assert drawn == {name for name in model.mode if not name.startswith(("macro/", "build/", "expression/"))}


def test_normals_are_shared_across_texture_seams(model: HeadModel) -> None:
    normals = vertex_normals(model.base, model.triangles, model.welded)
    order = np.argsort(model.welded, kind="stable")
    twins = order[:-1][np.diff(model.welded[order]) == 0], order[1:][np.diff(model.welded[order]) == 0]
    assert len(twins[0]) > 100
    np.testing.assert_array_equal(normals[twins[0]], normals[twins[1]])


def test_long_hair_leaves_the_face_free(model: HeadModel) -> None:
    people = (Person(np.random.default_rng(seed), model) for seed in range(40))
    worn = next(person for person in people if person.looks.hair.shell)
    nose = np.array([[0.0, 6.9, 1.7], [0.3, 6.6, 1.5], [-0.3, 6.6, 1.5]], np.float32)
    assert not worn.looks.hair.in_shell(nose).any()
    assert worn.looks.hair.in_shell(np.array([[0.0, 7.5, -0.5]], np.float32)).all()
    assert set(model.material[np.isin(model.triangles[:, 0], model.vertices_of(HAIR))]) == {HAIR}
    assert model.skin[model.vertices_of(SKIN)].all()
