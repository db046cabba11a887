"""What the stages before have reported of a day."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from pipeline.config.paths import Paths
from pipeline.examples import feed_health
from pipeline.model import without_feed
from pipeline.model.calibration import Calibration
from pipeline.model.level_update import LevelUpdate
from pipeline.model.past_curves import PastCurves
from pipeline.model.without_feed import WithoutFeed
from pipeline.tables import storage
from pipeline.week import finished_level


@dataclass(frozen=True)
class StageReports:
    """What the stages before have reported, as far as a week speaks of it."""

    card: dict[str, Any]
    ingest: dict[str, Any]
    causes: dict[str, Any]
    customers: dict[str, Any]
    feeds: list[feed_health.Finding]
    verdict: dict[str, Any]
    calibration: Calibration
    without: dict[str, WithoutFeed] | None
    past: PastCurves
    level: LevelUpdate | None

    @classmethod
    def read(cls, paths: Paths, day: date) -> "StageReports":
        """Read the reports beside the scores of a day."""
        curves = storage.read_json(paths.calibration)
        trained, level = Calibration.from_dict(curves["in_use"]), finished_level.read(paths)
        return cls(
            storage.read_json(paths.model_card),
            storage.read_json(paths.ingest_report),
            storage.read_json(paths.root_causes),
            storage.read_json(paths.examples_report)["snapshots"][str(day)],
            [feed_health.Finding.from_report(one) for one in storage.read_json(paths.feeds_report)[str(day)]],
            storage.read_json(paths.verdict),
            level.moved(trained) if level else trained,
            without_feed.from_dict(curves.get("without")),
            PastCurves.from_json(curves.get("past")),
            level,
        )
