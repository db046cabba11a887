"""What a week folder holds, put together from the decisions and the reports of the stages before."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final

import polars as pl

from pipeline import lists
from pipeline.config.paths import PLAYBOOKS, Paths
from pipeline.config.slugs import slug
from pipeline.decisions import change, decision_record, follow_up, tasks, watch
from pipeline.decisions.contact_policy import longest_silence
from pipeline.decisions.guardrails import quality
from pipeline.evaluation import calibration_check, expected_curve, expected_performance, verdict
from pipeline.examples import feed_health
from pipeline.examples.definition import definition_at
from pipeline.i18n import in_sequence
from pipeline.lists import audiences, former_customers, guides, selection, since_last_list
from pipeline.model import fingerprint, without_feed
from pipeline.outcomes import maturity, wrong_reasons
from pipeline.playbooks.config.channels import CONSENTS
from pipeline.reasons import without_reason
from pipeline.reasons.columns import RISK_SHARES
from pipeline.week import (
    candidates,
    contributions,
    data_checks,
    decision_counts,
    explored_inputs,
    learning_report,
    listed_history,
    matured_lists,
    nothing_to_do,
    previous_week,
    retrain_signs,
)
from pipeline.week.decide import decide
from pipeline.week.inputs import WeekInputs, WeekSettings
from pipeline.week.previous_week import PreviousWeek
from pipeline.week.stage_reports import StageReports

DRAWS: Final = 1000  # behind the range of those expected to churn
REASONS: Final = [
    f"{place}_{part}"
    for place in ("reason_1", "reason_2", "reason_3", "protects_1")
    for part in ("family", "text", "causes", "kind", "act", "team")
]
OF_CURVE: Final = ("next_order_day", "cancellation_day")
OF_MODEL: Final = ("label", "snapshots", "learnt_until", "trees", "data_fingerprint")
DECISION: Final = [
    "customer_id", "as_of", "churn_probability", "risk_percentile", "risk_band", "tier", "value",
    "value_at_stake", *REASONS, "work", "playbook", "action", "channel", "who", "due_day", "cost", "caution",
    "why_not", "waiting_duty", "value_tier", "loss_making", "strategic", "tactic", "task_owner", "is_control",
    "would_have_been", "given_day", "draft", "promise", "promise_due_day", "silent_since",
    "contact_due_day", "expected_saved_value", "answered_share", "is_explored", "explored_arms", "propensity",
    "lifecycle", *CONSENTS, *decision_record.RECORD, *RISK_SHARES,
]  # fmt: skip


def compose(inputs: WeekInputs, paths: Paths, accepted: Collection[str] = ()) -> lists.Week:
    """Decide for everyone, choose whom to list, and put together everything the week folder holds; writes nothing.

    Parameters
    ----------
    inputs
        Everything the week is decided from.
    paths
        Where the reports and contributions beside the scores lie, and the weeks before.
    accepted
        Kinds of `pipeline.drift.kinds.KINDS` that stop nothing this time.

    Raises
    ------
    StaleInput
        The past, the people or their consent are not what they were when the last list was made.
    """
    settings, day = inputs.settings, inputs.context.as_of
    reports = StageReports.read(paths, day)
    model = fingerprint.fingerprint(paths)
    compared = data_checks.compare(inputs, paths, model, accepted)
    degraded = data_checks.without(reports.feeds, reports.without, reports.verdict)
    everybody, plan = decide(inputs)
    is_current = everybody["state"] == candidates.CURRENT
    decided, former = everybody.filter(is_current), everybody.filter(~is_current)
    if not reports.verdict.get("order_curve_pays", False):
        decided = decided.with_columns(pl.lit(None, pl.Date).alias(name) for name in OF_CURVE)
    previous = previous_week.read(paths.exports, settings.data.name, day)
    listed = _listed(decided, inputs, previous, same_model=previous.model == model)
    left = follow_up.left_the_list(listed, previous.listed, everybody, settings.label, inputs.context.translator)
    since = follow_up.since_last(listed, previous.listed, left, everybody, settings.label, inputs.outcomes)
    matured = matured_lists.read(paths, settings.data.name, day)
    contributed = contributions.of_customers(listed["customer_id"], paths)
    family_of = {feature["name"]: feature["family"] for feature in reports.card["features"]}
    probability = decided["churn_probability"].sort().to_numpy()
    over = maturity.curves(matured, retrain_signs.of_model(paths.exports, settings.data.name, day, model))
    # While a table is down another curve holds, of which no past is known.
    curve = expected_curve.AS_IT_IS if degraded else expected_curve.expect(day, reports.past, over)
    expected = expected_performance.expect(probability, reports.calibration.level_error, curve=curve)
    about = _about(settings, day, reports, len(decided), listed)
    return lists.Week(
        about=replace(about, expectation=in_sequence(expected.words(), maturity.early_words(matured))),
        risk_list=selection.as_risk_list(listed),
        actions=decided.select(DECISION),
        waterfalls=selection.as_waterfalls(contributed, family_of),
        run_report={
            "ingest": {"tables": reports.ingest["tables"], "absent": reports.ingest["absent"]},
            "customers": reports.customers,
            "model": {key: reports.card[key] for key in OF_MODEL},
            "feeds": [finding.as_report() for finding in reports.feeds],
            "drift": {"since": compared.since, "findings": [finding.as_report() for finding in compared.findings]},
            "causes": {key: reports.causes[key] for key in ("overall", "by_kind", "blind_spots")},
            **decision_counts.decisions(decided, listed, settings.score),
            "since_last_list": {"as_of": previous.as_of, **since} if previous.as_of else None,
            "expected": expected.as_report() | ({"level": reports.level.as_dict()} if reports.level else {}),
            "matured_lists": maturity.report(matured),
            "retrain": retrain_signs.report(
                paths.exports,
                settings.data.name,
                model,
                retrain_signs.NewList(day, compared.findings, bool(reports.feeds)),
                matured,
                settings.retrain,
            ),
            "quality_problems": quality.problems(decided, settings.guards.quality_causes),
            "contact": longest_silence.report(decided, day),
            "allocation": decision_counts.allocation(everybody, plan),
            "learning": learning_report.of_week(everybody, inputs),
            "former_customers": {
                "looked_at": decision_counts.counted(former["state"]),
                "actions_by_playbook": decision_counts.counted(former["playbook"].drop_nulls()),
                "duties_waiting": decision_counts.counted(former["waiting_duty"].drop_nulls()),
            },
            "languages": tasks.spoken(decided),
            "wrong_reasons": wrong_reasons.counts(inputs.outcomes),
        },
        fingerprints={
            "model": model,
            "data": reports.ingest["fingerprint"],
            "params": _fingerprint(settings, inputs),
        },
        promises=tasks.promises(everybody, day),
        audiences=audiences.of_week(everybody, day),
        former=former_customers.of_week(former, inputs.context.translator),
        explored=explored_inputs.of_week(decided, inputs),
        contributions=contributions.kept(settings.reasons.keep, contributed, paths),
        former_actions=former.filter(pl.col("playbook").is_not_null() | pl.col("would_have_been").is_not_null()).select(
            "state", *DECISION
        ),
        left=left,
        order_days=listed_history.order_days(listed, paths, date.fromisoformat(reports.ingest["first_day"]), day),
        figures=listed_history.figures(listed, decided, paths, day),
        warnings=data_checks.warnings(compared, reports.feeds, degraded)
        + nothing_to_do.notices(listed, settings.contact),
        profile=compared.profile,
        sample=compared.sample,
        guides=guides.of_week(everybody, reports.causes["blind_spots"], inputs.context.translator),
        since_last=maturity.beside(since_last_list.words(previous.as_of, since) if previous.as_of else (), matured),
        matured=matured,
        language=inputs.context.translator.usual,
        others=tuple(catalog for catalog, _ in inputs.context.translator.owners),
    )


def _listed(decided: pl.DataFrame, inputs: WeekInputs, previous: PreviousWeek, *, same_model: bool) -> pl.DataFrame:
    """Who is on the list, in order: what to do or to watch, why, and what has changed since the last list."""
    settings, translator = inputs.settings, inputs.context.translator
    chosen = selection.to_list(decided, list(settings.score.bands), settings.lists.min_band, settings.lists.max_rows)
    shown = watch.watched(chosen, translator)
    reasoned = shown.with_columns(pl.coalesce("reason_1_text", without_reason.sentence(translator)))
    changed = change.with_change(
        reasoned, previous.decided, previous.as_of, same_model=same_model, translator=translator
    )  # fmt: skip
    return follow_up.with_status(changed, previous.listed, inputs.context.as_of)


def _about(settings: WeekSettings, day: date, reports: StageReports, scored: int, listed: pl.DataFrame) -> lists.About:
    tables = without_feed.state(reports.without, feed_health.down(reports.feeds))
    model_verdict = verdict.refuse_unfit(verdict.in_state(reports.verdict, tables))
    probability = listed["churn_probability"].sort().to_numpy()
    low, high = calibration_check.churners_between(probability, DRAWS, reports.calibration.level_error)
    return lists.About(
        company=settings.data.name,
        as_of=day,
        currency=settings.data.currency,
        minor_digits=settings.data.minor_digits,
        churn_definition=definition_at(day, settings.label),
        notice=reports.ingest["notice"],
        verdict=model_verdict.words,
        figures=model_verdict.figures,
        eligible=reports.customers["eligible"],
        scored=scored,
        listed=len(listed),
        expected_low=low,
        expected_high=high,
        topics={slug(topic): topic for topic in settings.features.ticket_topics},
    )


def _fingerprint(settings: WeekSettings, inputs: WeekInputs) -> str:
    """What a list depends on besides data and model; not where or on how many buckets it was made, nor when."""
    sections = [getattr(settings, field.name) for field in fields(settings) if field.name != "snapshots"]
    content: list[dict[str, Any]] = [section.model_dump(mode="json") for section in sections]
    snapshots = settings.snapshots
    content.append({name: getattr(snapshots, name) for name in ("active_days", "min_tenure_days", "former_days")})
    # What was learnt decides as the settings do, where these let it.
    content.append({"effects": learning_report.effects(inputs), "withheld": learning_report.withheld(inputs)})
    return hashlib.sha256((json.dumps(content, sort_keys=True) + PLAYBOOKS.read_text("utf-8")).encode()).hexdigest()
