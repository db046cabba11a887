"""The first half of the model card: the verdict, what is predicted for whom, from which data, and how."""

from collections import Counter
from typing import Any

from pipeline.evaluation.grade import RULES
from pipeline.evaluation.model_card.formatting import bullets, percent, safe, short, table
from pipeline.examples.population import STATUSES

Report = dict[str, Any]

RHYTHM = {
    "r": "shape of the purchase rates",
    "alpha": "scale of the purchase rates, in days",
    "a": "drop-outs",
    "b": "stays",
}


def verdict(metrics: Report) -> str:
    """Whether to use the model, in the words every list carries, and who answers for it if it should not be used."""
    sentence, name = f"**{safe(metrics['verdict'])}**", metrics["approved_by"]
    if metrics["ship"]:
        return sentence
    return f"{sentence} " + (f"Used all the same; {safe(name)} answers for it." if name else "No list is made with it.")


def grade(report: Report) -> str:
    """What the grade means, and what keeps the model from the next one."""
    because = bullets(safe(reason) for reason in report["because"])
    kept = f"What keeps it from the next grade:\n\n{because}" if because else "Nothing keeps it from a better grade."
    certain = (
        "Certainly: the 95 % interval, drawn by customer, lies wholly on one side of zero. How the model is judged, "
        "in words: `docs/model-quality.md`."
    )
    rules = table(["grade", "means"], ([_bold(letter, report["letter"]), rule] for letter, rule in RULES.items()))
    return f"Grade {report['letter']}: {report['means']}.\n\n{kept}\n\n{rules}\n\n{certain}"


def _bold(letter: str, own: str) -> str:
    return f"**{letter}**" if letter == own else letter


def population(card: Report, audit: Report) -> str:
    """The label in words, and who is scored and who is not, by rule, at the last snapshot."""
    day, counts = max(audit["snapshots"].items())
    rules = card["population"]
    rows = [(name, _in_numbers(words, rules), f"{counts[name]:,}") for name, words in STATUSES.items()]
    return (
        f"**Churned means:** {safe(card['label']['description'])}\n\n"
        "For every eligible customer the model gives the probability, 0 to 1, that this comes true. Eligible is who "
        f"bought in the {rules['active_days']} days before the day of the list and meets no other rule below. Of "
        f"{counts['customers']:,} customers known at the last snapshot, {day}, {counts['eligible']:,} are scored:\n\n"
        + table(["status", "who that is", "customers"], rows)
    )


def _in_numbers(words: str, rules: Report) -> str:
    for name, days in rules.items():
        words = words.replace(f"`{name}`", f"{days} days")
    return words


def data(card: Report, ingest: Report) -> str:
    """The company, the span, the tables and what they do not hold."""
    counts = [(name, ingested["accepted"], ingested["duplicates"], ingested["rejected"])
              for name, ingested in ingest["tables"].items()]  # fmt: skip
    rows = [(name, *(f"{count:,}" for count in each)) for name, *each in counts]
    absent = ", ".join(ingest["absent"])
    paragraphs = [
        f"Company: {safe(card['company'])}. Transactions from {ingest['first_day']} to {ingest['last_day']}, days in "
        f"the time zone {card['timezone']}, amounts in {card['money']['currency']}.",
        table(["table", "rows", "counted once only", "refused"], rows),
        f"Absent, so without a feature: {absent}." if absent else "No table is absent.",
        f"Fingerprint of the data: `{card['data_fingerprint']}`",
    ]
    return "\n\n".join(([f"> {safe(ingest['notice'])}"] if ingest["notice"] else []) + paragraphs)


def making(card: Report) -> str:
    """Which snapshots taught, which features were seen, what the model consists of."""
    return "\n\n".join([_snapshots(card), _features(card["features"]), _parts(card), _versions(card["versions"])])


def _snapshots(card: Report) -> str:
    parts = card["snapshots"]
    if "prior" in card:
        return _of_prior(card)
    train = parts["train"]
    rows = [
        ("train", f"{len(train)}, from {train[0]} to {train[-1]}", "trees, regression and rhythm learn from them"),
        ("validation", parts["validation"], "ends the training of the trees, and calibrates"),
        ("test", parts["test"], "untouched: judges what was learnt from the others"),
    ]
    return table(["part", "snapshots", "what it did"], rows) + (
        "\n\nThe outcome window of each part is over before the next part begins. The curve in use is fitted once more "
        f"after the judgement, so that it knows the latest churn rate; nothing was learnt from days on or after "
        f"{card['learnt_until']}."
    )


def _of_prior(card: Report) -> str:
    rows = [("test", card["snapshots"]["test"], "grades the packaged prior, then moves its level and its slope")]
    return table(["part", "snapshot", "what it did"], rows) + (
        "\n\nThe history is too short, or holds too few customers, to learn from. The ranking is the packaged prior "
        f"(`model.prior: packaged`), learnt on {card['prior']['companies']:,} simulated companies; its file has the "
        f"SHA-256 `{card['prior']['sha256']}`. Only BG/NBD is fitted to this company, to its orders before the "
        "snapshot. The rules it is compared with have seen the outcomes they are judged on, since there are no earlier "
        "ones. The curve in use moves level and slope by the outcomes of that snapshot, as far as they outweigh how "
        f"companies differ; nothing was learnt from days on or after {card['learnt_until']}."
    )


def _features(features: list[dict[str, str]]) -> str:
    families = Counter(feature["family"] for feature in features)
    rows = [(family, f"{count:,}") for family, count in families.items()]
    return f"{len(features)} features, by the concept they belong to:\n\n" + table(["family", "features"], rows)


def _parts(card: Report) -> str:
    share, rhythm = card["additive_weight"], card["purchase_process"]
    trees = f"Gradient-boosted trees: {card['trees']:,} trees, weight {percent(1 - share)}."
    sentences = [
        *([] if "prior" in card else [trees]),
        f"Logistic regression, one bent line per feature: weight {percent(share)}." if share else "No regression.",
    ]
    if rhythm:
        numbers = "; ".join(f"{name} = {short(rhythm[name])} ({words})" for name, words in RHYTHM.items())
        sentences.append(f"The customer's own rhythm (BG/NBD) as one of the features: {numbers}.")
    sentences.append(
        f"Level by the time of the year, as far as the outcomes of earlier years speak for it: {card['season']}."
        if card["season"]
        else "Level as the outcomes so far let it be expected; nothing speaks for a season."
    )
    return "The parts add up as log-odds, and one curve turns the sum into a probability:\n\n" + bullets(sentences)


def _versions(versions: dict[str, str]) -> str:
    return f"Made with {', '.join(f'{name} {version}' for name, version in versions.items())}."
