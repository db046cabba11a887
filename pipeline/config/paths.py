"""Every path of the pipeline, once, in the order of the flow; relative to the folder that holds ``dvc.yaml``."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

PARAMS = Path("params.yaml")
PLAYBOOKS = Path("playbooks.yaml")


@dataclass(frozen=True)
class Paths:
    """Where one run keeps what it makes. The weekly job has its own, so it never disturbs an experiment."""

    data: Path = Path("data")
    models: Path = Path("models")
    reports: Path = Path("reports")
    exports: Path = Path("exports")
    outcomes: Path = Path("outcomes")
    """What teams have handed back; shared by all, like the exports."""
    forgotten: Path = Path("forgotten.json")
    """Who asked to be forgotten; shared by all."""

    @property
    def learned_effects(self) -> Path:
        """What is believed of each playbook's effect, and every change of it; `churn readout --learn` writes it."""
        return self.outcomes / "learned_effects.json"

    # ingest
    @property
    def tables(self) -> Path:
        """One folder per canonical table, one Parquet file per bucket."""
        return self.data / "tables"

    @property
    def rejected(self) -> Path:
        """One Parquet file per table: refused rows, each with the rule it broke."""
        return self.data / "rejected"

    @property
    def kept_rejected(self) -> Path:
        """Where people find the refused rows once the run is over."""
        inside = self.data.is_relative_to(WEEKLY_WORK)
        return weekly_rejected(date.fromisoformat(self.data.parent.name)) if inside else self.rejected

    @property
    def ingest_report(self) -> Path:
        """What was read, accepted, counted once and refused."""
        return self.reports / "ingest.json"

    @property
    def ingest_cache(self) -> Path:
        """What each source file was read as; `dvc repro` and the weekly job share it."""
        return self._shared / "ingest_cache"

    # examples
    @property
    def examples(self) -> Path:
        """One Parquet file per bucket: a row per customer and snapshot."""
        return self.data / "examples"

    @property
    def former(self) -> Path:
        """One Parquet file per bucket: the features of customers who are no longer scored, on the day of the list."""
        return self.data / "former"

    @property
    def market(self) -> Path:
        """Orders of everybody by region and day, beside which a customer's own are looked at."""
        return self.data / "market.parquet"

    @property
    def feeds_report(self) -> Path:
        """What is wrong with the feed of any table, by snapshot."""
        return self.reports / "feeds.json"

    @property
    def examples_report(self) -> Path:
        """The ledger of who was seen, eligible and labelled at each snapshot."""
        return self.reports / "examples.json"

    # train
    @property
    def model_text(self) -> Path:
        """The trees, in LightGBM's own text."""
        return self.models / "churn.txt"

    @property
    def additive_logistic(self) -> Path:
        """The logistic regression beside the trees."""
        return self.models / "additive_logistic.json"

    @property
    def calibration(self) -> Path:
        """What turns a margin into a probability."""
        return self.models / "calibration.json"

    @property
    def model_card(self) -> Path:
        """Feature names, label, snapshots, fingerprints, versions."""
        return self.models / "model.json"

    @property
    def run_pointer(self) -> Path:
        """Which MLflow run made the model; nobody's dependency."""
        return self.models / "run.json"

    @property
    def champion(self) -> Path:
        """Which model the weekly job has to score with; in git, so that a checkout brings the decision along."""
        return self.models / "champion.json"

    @property
    def training_log(self) -> Path:
        """Log-loss by tree, on training and validation snapshots."""
        return self.reports / "plots" / "training.csv"

    # evaluate
    @property
    def metrics(self) -> Path:
        """The few headline figures, for ``dvc metrics`` and the table of experiments."""
        return self.reports / "metrics.json"

    @property
    def verdict(self) -> Path:
        """The grade and the sentence behind it, and the figures of the model and of every rule it has to beat."""
        return self.reports / "verdict.json"

    @property
    def evaluation(self) -> Path:
        """Everything behind the headline figures: intervals, earlier snapshots, segments, calibration, profit."""
        return self.reports / "evaluation.json"

    @property
    def model_card_page(self) -> Path:
        """What the model is, how good it is and what it is not for, as a page for people."""
        return self.reports / "model_card.md"

    @property
    def plots(self) -> Path:
        """Tables for ``dvc plots``."""
        return self.reports / "plots"

    # score
    @property
    def explainers(self) -> Path:
        """Models made ready to explain; `dvc repro` and the weekly job share them."""
        return self._shared / "explainers"

    @property
    def scores(self) -> Path:
        """One Parquet file per bucket: a row per eligible customer at as_of."""
        return self.data / "scores"

    @property
    def contributions(self) -> Path:
        """One Parquet file per bucket: each feature's contribution to each score."""
        return self.data / "contributions"

    @property
    def retention_page(self) -> Path:
        """How many customers and how much revenue were kept, as a page for people; a Markdown twin lies beside it."""
        return self.reports / "retention.html"

    @property
    def packs(self) -> Path:
        """Health, plan and quarterly review of single customers, as a page and as Markdown."""
        return self.reports / "packs"

    @property
    def reasons_plot(self) -> Path:
        """What drives the scores: one row per feature, one dot per customer."""
        return self.plots / "reasons.png"

    @property
    def root_causes(self) -> Path:
        """Which causes weigh most among those scored, by segment, and which the data cannot show."""
        return self.reports / "causes.json"

    # publish
    @property
    def composed(self) -> Path:
        """The week as it would be published; `churn release` takes it from here to `exports`."""
        return self.data / "week"

    def week(self, as_of: date) -> Path:
        """The published week of that day."""
        return self.exports / as_of.isoformat()

    @property
    def of_customers(self) -> tuple[Path, ...]:
        """The folders in which the stages keep rows of customers; all of them can be made again."""
        made = (self.tables, self.rejected, self.examples, self.former, self.scores, self.contributions)
        return (*made, self.composed)

    @property
    def outcomes_lock(self) -> Path:
        """Held while lists are taken back."""
        return self._shared / "outcomes.lock"

    @property
    def _shared(self) -> Path:
        """What outlives a run of the weekly job, whose own folders are gone when it ends."""
        return (REPRO if self.data.is_relative_to(WEEKLY_WORK) else self).data


REPRO = Paths()


TUNING = REPRO.data / "tuning.db"
WEEKLY_LOCK = REPRO.data / "weekly.lock"
WEEKLY_WORK = REPRO.data / "weekly"
TRAINING_UNDO = REPRO.data / "before_training"
WEEKLY_LOG = REPRO.data / "weekly_log.jsonl"


def weekly(as_of: date) -> Paths:
    """The weekly job's own folders, gone when it ends; only the exports are shared."""
    work = WEEKLY_WORK / as_of.isoformat()
    return Paths(data=work / "data", models=work / "models", reports=work / "reports", exports=REPRO.exports)


def weekly_rejected(as_of: date) -> Path:
    """The rows the weekly job refused, kept beside the folders of the experiments."""
    return REPRO.data / "weekly_rejected" / as_of.isoformat()
