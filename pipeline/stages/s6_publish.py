"""Stage 6 - publish: scores and playbooks -> the week folder that people open."""

import hashlib
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import lists
from pipeline.config import params
from pipeline.config.paths import PLAYBOOKS, REPRO, Paths
from pipeline.decisions import assignment, decision_record, eligibility, follow_up, optimizer, tasks
from pipeline.decisions import control_group as controls
from pipeline.decisions.contact_policy import longest_silence
from pipeline.decisions.context import DecisionContext
from pipeline.decisions.guardrails import quality
from pipeline.evaluation import calibration_check, verdict
from pipeline.examples.definition import definition_at
from pipeline.i18n.company_catalogs import load_translator
from pipeline.lists import selection
from pipeline.model import artefacts
from pipeline.model.calibration import Calibration
from pipeline.playbooks.config import limits as what_there_is
from pipeline.playbooks.config import playbooks_file, restrictions
from pipeline.playbooks.rules import matching
from pipeline.playbooks.rules.vocabulary import vocabulary
from pipeline.reasons.columns import RISK_SHARES
from pipeline.stages import main
from pipeline.tables import storage
from pipeline.value import customer_value
from pipeline.week import candidates, contact_history

# Behind the range of those expected to churn.
DRAWS = 1000
REASONS = [
    f"{place}_{part}"
    for place in ("reason_1", "reason_2", "reason_3", "protects_1")
    for part in ("family", "text", "causes", "act", "team")
]
DECISION = ["customer_id", "as_of", "churn_probability", "risk_percentile", "risk_band", "tier", "value",
            "value_at_stake", *REASONS, "playbook", "action", "channel", "who", "due_day", "cost", "caution",
            "why_not", "value_tier", "loss_making", "strategic", "tactic", "task_owner", "is_control",
            "would_have_been", "given_day", "draft", "promise", "promise_due_day", "silent_since",
            "contact_due_day", "expected_saved_value", "lifecycle", *decision_record.RECORD, *RISK_SHARES]  # fmt: skip


def run(
    data: params.Data,
    snapshots: params.Snapshots,
    label: params.Label,
    features: params.Features,
    score: params.Score,
    reasons: params.Reasons,
    control: params.Control,
    guards: params.Guards,
    contact: params.Contact,
    lists: params.Lists,
    language: params.LanguageSettings,
    at: Paths = REPRO,
) -> str:
    """Decide for everyone, list those to act on or to watch, publish the week whole, and say where."""
    week = prepare(
        data, snapshots, label, features, score, reasons, control, guards, contact, lists, language, at, snapshots.as_of
    )
    return f"{week.about.listed:,} customers listed: {write(week, at, replace=lists.replace_in_repro)}"


def prepare(
    data: params.Data,
    snapshots: params.Snapshots,
    label: params.Label,
    features: params.Features,
    score: params.Score,
    reasons: params.Reasons,
    control: params.Control,
    guards: params.Guards,
    contact: params.Contact,
    settings: params.Lists,
    language: params.LanguageSettings,
    at: Paths,
    day: date,
) -> lists.Week:
    """Everything the week folder holds, not yet written."""
    card, ingest, causes = (storage.read_json(file) for file in (at.model_card, at.ingest_report, at.root_causes))
    customers = storage.read_json(at.examples_report)["snapshots"][str(day)]
    family_of = {feature["name"]: feature["family"] for feature in card["features"]}
    decided, plan = decide(
        data, features, DecisionContext(day, guards, contact, score, load_translator(language)), at, control
    )
    previous = _previous_list(at.exports, data.name, day)
    chosen = selection.to_list(decided, list(score.bands), settings.min_band, settings.max_rows)
    listed = follow_up.with_status(chosen, previous, day)
    low, high = _expected(listed["churn_probability"], at)
    about = lists.About(
        company=data.name,
        as_of=day,
        currency=data.currency,
        minor_digits=data.minor_digits,
        churn_definition=definition_at(day, label),
        notice=ingest["notice"],
        verdict=verdict.refuse_unfit(storage.read_json(at.metrics)),
        eligible=customers["eligible"],
        scored=len(decided),
        listed=len(listed),
        expected_low=low,
        expected_high=high,
    )
    return lists.Week(
        about=about,
        risk_list=selection.as_risk_list(listed),
        actions=decided.select(DECISION),
        waterfalls=selection.as_waterfalls(_contributions_of(listed, at), family_of),
        run_report={
            "ingest": {"tables": ingest["tables"], "absent": ingest["absent"]},
            "customers": customers,
            "model": {key: card[key] for key in ("label", "snapshots", "trees", "data_fingerprint")},
            "feeds": storage.read_json(at.feeds_report)[str(day)],
            "causes": {key: causes[key] for key in ("overall", "blind_spots")},
            **_decisions(decided, listed, previous, score),
            "quality_problems": quality.problems(decided, guards.quality_causes),
            "contact": longest_silence.report(decided, day),
            "allocation": _allocation(decided, plan),
            "languages": tasks.spoken(decided),
        },
        fingerprints={
            "model": artefacts.fingerprint(at),
            "data": ingest["fingerprint"],
            "params": _fingerprint(
                [data, label, features, score, reasons, control, guards, contact, settings, language], snapshots
            ),
        },
        promises=tasks.promises(decided, day),
    )


def _expected(probability: pl.Series, at: Paths) -> tuple[int, int]:
    """From how many to how many of them will churn, given how sure the model is of its own level."""
    in_use = Calibration.from_dict(storage.read_json(at.calibration)["in_use"])
    return calibration_check.churners_between(probability.sort().to_numpy(), DRAWS, in_use.level_error)


def write(week: lists.Week, at: Paths, *, replace: bool) -> Path:
    """Publish the week: all of its files, or none."""
    return lists.publish(week, at.exports, replace=replace)


def decide(
    data: params.Data,
    features: params.Features,
    context: DecisionContext,
    at: Paths,
    control: params.Control,
    file: Path = PLAYBOOKS,
) -> tuple[pl.DataFrame, optimizer.Plan]:
    """One action for everyone, or none and why, knowing what all teams and earlier weeks gave to whom.

    Parameters
    ----------
    data, features, control
        Sections of ``params.yaml``.
    context
        The day of the list, and the sections that guards and rules of contact are read from.
    at
        Where the scores of that day lie, with the examples and tables they come from, and the weeks before.
    file
        The playbooks.
    """
    content = params.read_playbooks(file)
    playbooks = playbooks_file.parse(content, vocabulary(context.score, features), file.name)
    room = what_there_is.parse(content, playbooks, file.name)
    restrictions.check_against(playbooks, context.guards)
    looked_at = {"market"}.union(*(matching.columns(book.when) for book in playbooks.values()))
    if any(book.draft is not None for book in playbooks.values()):
        looked_at.add("language")
    scores = controls.mark(candidates.read(at, context.as_of, looked_at), control)
    given = contact_history.given(at.exports, data.name, playbooks, context)
    is_known = bool(storage.bucket_files(at.tables / "contacts"))
    silence = longest_silence.columns(context.contact, context.as_of, is_known=is_known)
    customers = contact_history.customers(scores, given, at, playbooks, context).with_columns(silence)
    held = eligibility.holds(customers, playbooks, context)
    earlier = contact_history.earlier(given, playbooks, context.as_of)
    decided, plan = assignment.plan(
        customers, playbooks, context.as_of, data.currency, earlier, held, room, context.translator
    )
    recorded = decision_record.with_record(decided, playbooks, context.translator)
    return tasks.handed(recorded, playbooks, context.as_of, context.translator), plan


def _previous_list(exports: Path, company: str, day: date) -> pl.DataFrame:
    """The last list of the same company before this week."""
    last = next(lists.weeks_before(exports, company, day), None)
    return storage.read_parquet(last / "risk_list.parquet") if last else pl.DataFrame(schema=lists.RISK_LIST)


def _contributions_of(listed: pl.DataFrame, at: Paths) -> pl.DataFrame:
    wanted = listed["customer_id"].implode()
    files = storage.bucket_files(at.contributions)
    return pl.concat(
        [pl.scan_parquet(f).filter(pl.col("customer_id").is_in(wanted)).collect() for f in files]
    ).sort("customer_id")  # fmt: skip


def _decisions(
    decided: pl.DataFrame, listed: pl.DataFrame, previous: pl.DataFrame, score: params.Score
) -> dict[str, Any]:
    """What was decided for how many, and how much of the value the most valuable ones hold."""
    strategic = decided["loss_making"] & decided["strategic"]
    return {
        "scored_by_band": _counted(decided["risk_band"]),
        "scored_by_tier": _counted(decided["tier"]),
        "scored_by_value_tier": _counted(decided["value_tier"]),
        "loss_making": {"customers": int(decided["loss_making"].sum()), "strategic": int(strategic.sum())},
        "value": customer_value.concentration(decided, score),
        "actions_by_playbook": _counted(decided["playbook"].drop_nulls()),
        "no_action": decided["playbook"].null_count(),
        "control": controls.shares(decided),
        "listed_by_status": _counted(listed["status"]),
        "left_the_list": follow_up.left_the_list(listed, previous, decided),
    }


def _allocation(decided: pl.DataFrame, plan: optimizer.Plan) -> dict[str, Any]:
    """What is expected to be kept, at what cost, beside the most that could be; what one more of each would keep."""
    given = decided.filter(pl.col("playbook").is_not_null())
    return {
        "expected_saved_value": round(float(given["expected_saved_value"].sum()), 2),
        "cost": round(float(given["cost"].sum()), 2),
        "gap": round(plan.gap, 4),
        "limits": {
            name: {"used": round(plan.used[name], 2), "one_more_would_save": round(price, 2)}
            for name, price in plan.prices.items()
        },
    }


def _counted(values: pl.Series) -> dict[str, int]:
    return dict(sorted(Counter(values.to_list()).items()))


def _fingerprint(settings: list[params.Section], snapshots: params.Snapshots) -> str:
    """What a list depends on besides data and model; not where or on how many buckets it was made, nor when."""
    content = [section.model_dump(mode="json") for section in settings]
    content.append({"active_days": snapshots.active_days, "min_tenure_days": snapshots.min_tenure_days})
    return hashlib.sha256((json.dumps(content, sort_keys=True) + PLAYBOOKS.read_text("utf-8")).encode()).hexdigest()


if __name__ == "__main__":
    main(run)
