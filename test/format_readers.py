"""Read exports by other tools' own libraries, which are not in our locks (.ci/format-readers).

usage: format_readers.py LIBRARY FOLDER: it holds an export of small_dataset.py that it reads.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def read_by_nuscenes_devkit(folder: Path) -> None:
    from nuscenes import NuScenes
    from nuscenes.eval.common.loaders import get_samples_of_custom_split, load_gt_of_sample_tokens
    from nuscenes.eval.detection.data_classes import DetectionBox
    from nuscenes.utils.geometry_utils import BoxVisibility, view_points

    data = NuScenes("v1.0-carla", str(folder), verbose=False)
    assert [len(getattr(data, name)) for name in ("scene", "sample", "sample_data")] == [2, 6, 12]
    assert len(data.instance) == 8
    tokens = [
        token for part in ("train", "val") for token in get_samples_of_custom_split(part, data)
    ]
    assert sorted(tokens) == sorted(row["token"] for row in data.sample)
    boxes = load_gt_of_sample_tokens(data, tokens, DetectionBox)
    assert len(boxes.all) == 6 * 4
    names = {box.detection_name for box in boxes.all}
    assert names == {"car", "bus", "pedestrian"}, names
    assert all(box.num_pts != 0 for box in boxes.all), "devkit drops boxes without points"
    for box in boxes.all:  # every object of the set moves by 1 m a frame, along x
        assert np.allclose(box.velocity, (10.0, 0.0)), box.velocity
    seen = 0
    for sample in data.sample:
        for token in sample["data"].values():
            path, found, k = data.get_sample_data(token, box_vis_level=BoxVisibility.ANY)
            assert Path(path).is_file()
            for box in found:
                assert box.center[2] > 0
                assert view_points(box.corners(), k, normalize=True).shape == (3, 8)
                seen += 1
    assert seen > 0
    print(f"nuscenes-devkit: {len(boxes.all)} boxes, {seen} of them in images")


def read_by_trackeval(folder: Path) -> None:
    from trackeval import Evaluator
    from trackeval.datasets import MotChallenge2DBox
    from trackeval.metrics import CLEAR, HOTA, Identity

    trackers = folder.parent / "trackers"
    for path in (folder / "train").glob("*/gt/gt.txt"):
        result = trackers / "truth" / "data" / f"{path.parts[-3]}.txt"
        result.parent.mkdir(parents=True, exist_ok=True)
        rows = [line.split(",") for line in path.read_text().splitlines()]
        kept = [",".join([*row[:7], "-1", "-1", "-1"]) for row in rows if row[6] == "1"]
        result.write_text("\n".join(kept) + "\n")
    wish = MotChallenge2DBox.get_default_dataset_config() | {
        "GT_FOLDER": str(folder / "train"),
        "TRACKERS_FOLDER": str(trackers),
        "OUTPUT_FOLDER": str(folder.parent / "results"),
        "SEQMAP_FILE": str(folder / "seqmaps" / "train.txt"),
        "SKIP_SPLIT_FOL": True,
        "DO_PREPROC": False,
        "PRINT_CONFIG": False,
    }
    quiet = {"PRINT_RESULTS": False, "PRINT_CONFIG": False, "PLOT_CURVES": False}
    mute = {"PRINT_CONFIG": False}
    evaluator = Evaluator({**Evaluator.get_default_eval_config(), **quiet, "BREAK_ON_ERROR": True})
    metrics = [HOTA(), CLEAR(mute), Identity(mute)]
    results, _ = evaluator.evaluate([MotChallenge2DBox(wish)], metrics)
    scores = results["MotChallenge2DBox"]["truth"]["COMBINED_SEQ"]["pedestrian"]
    hota, clear = float(np.mean(scores["HOTA"]["HOTA"])), scores["CLEAR"]
    idf1 = scores["Identity"]["IDF1"]
    assert (hota, clear["MOTA"], clear["MOTP"], idf1) == (1.0, 1.0, 1.0, 1.0), scores
    assert clear["CLR_TP"] == 12 * 4, "ignored objects do not count"
    print(f"trackeval: HOTA {hota:.3f}, MOTA {clear['MOTA']:.3f}, IDF1 {idf1:.3f}")


def read_by_motmetrics(folder: Path) -> None:
    # numpy 2 has no such function any more, motmetrics 1.4 still calls it.
    np.asfarray = lambda values: np.asarray(values, float)  # type: ignore[attr-defined]  # noqa: NPY201
    import motmetrics

    names, scored = [], []
    for path in sorted((folder / "train").glob("*/gt/gt.txt")):
        truth = motmetrics.io.loadtxt(path, fmt="mot16", min_confidence=1)
        assert truth.loc[(1, 1), ["X", "Y", "Width", "Height"]].tolist() == [10, 30, 30, 20]
        assert sorted(truth.index.get_level_values("Id").unique()) == [1, 2, 3, 6]
        scored.append(motmetrics.utils.compare_to_groundtruth(truth, truth, "iou", distth=0.5))
        names.append(path.parts[-3])
    metrics = ["mota", "motp", "idf1", "num_objects", "num_switches"]
    table = motmetrics.metrics.create().compute_many(
        scored, names=names, metrics=metrics, generate_overall=True
    )
    mota, motp, idf1, objects, switches = table.loc["OVERALL"].tolist()
    # Its motp is a distance, 0 at best.
    assert (mota, motp, idf1, objects, switches) == (1.0, 0.0, 1.0, 12 * 4, 0), table
    print(f"motmetrics: MOTA {mota:.3f}, IDF1 {idf1:.3f}, {objects:.0f} boxes")


READERS = {
    "nuscenes-devkit": read_by_nuscenes_devkit,
    "trackeval": read_by_trackeval,
    "motmetrics": read_by_motmetrics,
}

if __name__ == "__main__":
    READERS[sys.argv[1]](Path(sys.argv[2]))
