"""What guards and contact policy hold back, and which actions are still open: laid between rules and allocation."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from pipeline.decisions import contact_policy, due_days, guardrails, stock
from pipeline.decisions.contact_policy import consent, open_action
from pipeline.decisions.context import DecisionContext, Rule, nothing_because
from pipeline.i18n import IN_ENGLISH, OWNER, Translator, figure, named
from pipeline.playbooks.config.playbook import Playbook

# A sentence is one of few, told of many customers.
SENTENCE = pl.Categorical()


@dataclass(frozen=True)
class Eligibility:
    """For each playbook, whom it is held from and why; for each customer, which action is open.

    Attributes
    ----------
    held
        For each playbook in order, the sentence for each customer; null where nothing holds it back.
    kept
        For each customer the number of the playbook that goes on from an earlier list, and the day of that list; None
        where nothing of earlier lists is known.
    channels
        For each playbook in order, the channel for each customer; None where there is one for all.
    max_offers
        Playbooks that sell which may be open to one customer at once; None is no limit.
    translator, owners
        Who reads which language; for each customer, who reads why something is held.
    """

    held: tuple[pl.Series, ...] = ()
    kept: pl.DataFrame | None = None
    channels: tuple[pl.Series | None, ...] = ()
    max_offers: int | None = None
    translator: Translator = IN_ENGLISH
    owners: pl.Series | None = None

    def withhold(self, tests: pl.DataFrame, playbooks: dict[str, Playbook]) -> tuple[pl.DataFrame, "Eligibility"]:
        """Let what is held rest, and who has an open action want nothing else but a duty.

        Parameters
        ----------
        tests
            With ``wanted_0``, ``rests_0`` and so on for each playbook.
        playbooks
            In order of preference.
        """
        if self.kept is None:
            return tests, self
        staged = self._staged(tests, playbooks)
        is_busy, duties = self.kept["chosen"].is_not_null(), _duties(playbooks)
        # A duty waits for nothing but another duty.
        has_duty = self.kept["chosen"].is_in(duties).fill_null(value=False)
        rests = [
            (tests[f"rests_{position}"] | sentence.is_not_null() | (has_duty if position in duties else is_busy)).alias(
                f"rests_{position}"
            )
            for position, sentence in enumerate(staged.held)
        ]
        return tests.with_columns(rests), staged

    def _staged(self, tests: pl.DataFrame, playbooks: dict[str, Playbook]) -> "Eligibility":
        """Of more offers than may be open to one customer at once, only the first ones are."""
        selling = [position for position, book in enumerate(playbooks.values()) if book.sells]
        if self.max_offers is None or len(selling) <= self.max_offers:
            return self
        text = nothing_because(
            self.translator,
            "no more than {number} offers are open to one customer at once (guards.max_offers)",
            number=figure(str(self.max_offers)),
        )
        held, open_so_far = list(self.held), pl.repeat(0, n=len(tests), eager=True)
        for position in selling:
            is_open = tests[f"wanted_{position}"] & held[position].is_null()
            too_many = is_open & (open_so_far >= self.max_offers)
            held[position] = _where(too_many, text, held[position], self.owners)
            open_so_far += is_open & ~too_many
        return replace(self, held=tuple(held))

    def rooms(self, playbooks: dict[str, Playbook], scores: pl.DataFrame) -> dict[str, Playbook]:
        """The playbooks with the room that is left: open actions take theirs, and no more is given than is in stock."""
        if self.kept is None:
            return playbooks
        used = self.going_on(scores, playbooks)
        return {
            name: book
            if (room := stock.room(book, used.get(position, 0))) is None
            else book.model_copy(update={"capacity": room})
            for position, (name, book) in enumerate(playbooks.items())
        }

    def going_on(self, scores: pl.DataFrame, playbooks: dict[str, Playbook]) -> dict[int, int]:
        """How many customers have an open action, by the number of its playbook; controls have theirs in thought.

        But for duties, which nobody is left without for the sake of a comparison.
        """
        return dict(self.really_open(scores, playbooks).drop_nulls().value_counts().iter_rows())

    def really_open(self, scores: pl.DataFrame, playbooks: dict[str, Playbook]) -> pl.Series:
        """For each customer the number of the playbook that is open; null without one, or only in thought."""
        if self.kept is None:
            return pl.repeat(None, n=len(scores), dtype=pl.Int64, eager=True).alias("chosen")
        really = ~scores["is_control"] | self.kept["chosen"].is_in(_duties(playbooks)).fill_null(value=False)
        return self.kept.select(pl.when(really).then("chosen"))["chosen"]

    def open_duties(self, playbooks: dict[str, Playbook]) -> "Eligibility":
        """The same with only those open actions that are duties."""
        if self.kept is None:
            return self
        return self.without_open(~self.kept["chosen"].is_in(_duties(playbooks)).fill_null(value=False))

    def without_open(self, is_replaced: pl.Series) -> "Eligibility":
        """The same without the open actions of some customers, who are given something that comes before."""
        if self.kept is None:
            return self
        return replace(self, kept=self.kept.with_columns(pl.when(~is_replaced).then(pl.all())))

    def continued_or(self, placed: pl.Series) -> pl.Series:
        """The number of the playbook each customer has: the open one, else the one that was found for them."""
        if self.kept is None:
            return placed
        return pl.select(pl.coalesce(self.kept["chosen"], placed.cast(pl.Int64)).alias("chosen")).to_series()

    def add_open_actions(self, described: pl.DataFrame, playbooks: dict[str, Playbook], as_of: date) -> pl.DataFrame:
        """The channel of each customer, the days of an open action, and why something was held.

        Parameters
        ----------
        described
            Everyone's decision, with ``chosen``, ``wanted`` and ``obstacle``.
        playbooks
            In order of preference.
        as_of
            The day of the list.
        """
        given = pl.col("playbook").is_not_null()
        if self.kept is None:
            return described.with_columns(pl.when(given).then(pl.lit(as_of)).alias("given_day"))
        channels = [
            pl.when(pl.col("chosen") == position).then(own)
            for position, own in enumerate(self.channels)
            if own is not None
        ]
        since = self.kept["given_day"]
        kept = given & self.kept["chosen"].is_not_null()
        return described.with_columns(
            pl.when(given).then(pl.coalesce(*channels, "channel")).alias("channel"),
            pl.when(given).then(since.fill_null(as_of)).cast(pl.Date).alias("given_day"),
            pl.when(kept).then(due_days.each(playbooks, pl.lit(since), as_of)).otherwise("due_day").alias("due_day"),
            self._why_held(described["wanted"], playbooks),
        )

    def _why_held(self, wanted: pl.Series, playbooks: dict[str, Playbook]) -> pl.Expr:
        text = pl.lit(None, dtype=pl.String)
        full = pl.lit(None, dtype=pl.String)
        for position, (name, book) in enumerate(playbooks.items()):
            text = pl.when(wanted == position).then(self.held[position].cast(pl.String)).otherwise(text)
            if (pieces := stock.pieces(book)) is not None:
                words = nothing_because(
                    self.translator,
                    "what {playbook} promotes, {number} in stock, goes to who has more at stake",
                    playbook=named(name),
                    number=figure(str(pieces)),
                )
                full = pl.when(wanted == position).then(words).otherwise(full)
        is_held = pl.col("chosen").is_null() & ~pl.col("is_control")
        return (
            pl.when(is_held & (pl.col("obstacle") == "rest") & text.is_not_null())
            .then(text)
            .when(is_held & (pl.col("obstacle") == "room") & full.is_not_null())
            .then(full)
            .otherwise("why_not")
            .alias("why_not")
        )


def _duties(playbooks: dict[str, Playbook]) -> list[int]:
    return [position for position, book in enumerate(playbooks.values()) if book.duty]


NO_RESTRICTIONS = Eligibility()


def check_eligibility(customers: pl.DataFrame, playbooks: dict[str, Playbook], context: DecisionContext) -> Eligibility:
    """Ask every guard and every rule of contact about every playbook and customer.

    Parameters
    ----------
    customers
        The scores with ``is_control``, ``last_order_day`` and all of `facts.FACTS`.
    playbooks
        In order of preference.
    context
        The day and the settings.
    """
    lasting, new = (*guardrails.GUARDS, *contact_policy.ALWAYS), (*contact_policy.NEW_ONLY, *guardrails.NEW_ONLY)
    held, numbers = [], pl.repeat(None, n=len(customers), dtype=pl.Int64, eager=True)
    for position, (name, book) in enumerate(playbooks.items()):
        always, at_first = _asked(lasting, name, book, context), _asked(new, name, book, context)
        is_open = pl.col("open_playbook").eq_missing(pl.lit(name)) & ~open_action.is_settled(book)
        checked = customers.select(
            pl.when(is_open).then(always).otherwise(pl.coalesce(always, at_first)).cast(SENTENCE).alias("held"),
            is_open.alias("is_open"),
        )
        sentence, goes_on = checked["held"], checked["is_open"] & checked["held"].is_null()
        if (pieces := stock.pieces(book)) is not None:
            too_many = stock.beyond(goes_on, pieces, customers)
            text = nothing_because(
                context.translator,
                "what {playbook} promotes is nearly out of stock, and others were told of it first",
                playbook=named(name),
            )
            sentence, goes_on = _where(too_many, text, sentence, customers[OWNER]), goes_on & ~too_many
        held.append(sentence)
        numbers = pl.select(pl.when(goes_on).then(position).otherwise(numbers)).to_series().cast(pl.Int64)
    kept = customers.select(
        numbers.alias("chosen"), pl.when(numbers.is_not_null()).then("open_given_day").alias("given_day")
    )
    channels = tuple(consent.channels_of(book, customers, context) for book in playbooks.values())
    return Eligibility(tuple(held), kept, channels, context.guards.max_offers, context.translator, customers[OWNER])


def _asked(rules: Iterable[Rule], name: str, book: Playbook, context: DecisionContext) -> pl.Expr:
    sentences = [sentence for rule in rules if (sentence := rule(name, book, context)) is not None]
    return pl.coalesce(*sentences, pl.lit(None, dtype=pl.String))


def _where(test: pl.Series, text: pl.Expr, otherwise: pl.Series, owners: pl.Series | None) -> pl.Series:
    table = pl.DataFrame({"held": otherwise} | ({} if owners is None else {OWNER: owners}))
    return table.select(pl.when(test).then(text.cast(SENTENCE)).otherwise("held").alias("held")).to_series()
