"""A second, slow account of the weeks, kept by reading the published CSV files and what teams have handed back."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tests.end_to_end.many_weeks.supplier import Supplier
from tests.end_to_end.many_weeks.teams import HandedBack, Row, read_rows

IMPLIED = {"accepted": "done", "declined": "done", "complaint": "done", "unreachable": "not_done"}


@dataclass
class Account:
    """What is known of one row of one list, put together from all that came back of it."""

    cells: Row = field(default_factory=dict)

    @property
    def status(self) -> str:
        said = self.cells.get("outcome", "")
        return said or (
            "wrong_reason" if "wrong_reason" in self.cells else IMPLIED.get(self.cells.get("answer", ""), "")
        )


@dataclass
class Bookkeeper:
    """Knows every published list by its CSV files, and every outcome by the cells that were filled in."""

    weeks: dict[date, dict[str, Row]] = field(default_factory=dict)
    former: dict[date, dict[str, Row]] = field(default_factory=dict)
    outcomes: dict[tuple[str, date], Account] = field(default_factory=dict)

    def read(self, week: Path) -> None:
        day = date.fromisoformat(week.name)
        self.weeks[day] = {row["customer_id"]: row for row in read_rows(week / "risk_list.csv")}
        self.former[day] = {row["customer_id"]: row for row in read_rows(week / "former_customers.csv")}

    def take(self, back: HandedBack) -> None:
        for customer, cells in back.cells.items():
            self.outcomes.setdefault((customer, back.as_of), Account()).cells.update(cells)

    def before(self, day: date) -> date:
        return max(earlier for earlier in self.weeks if earlier < day)

    def snoozed_until(self, customer: str) -> date:
        days = [
            date.fromisoformat(account.cells["snooze_until_day"])
            for (who, _), account in self.outcomes.items()
            if who == customer and "snooze_until_day" in account.cells
        ]
        return max(days, default=date.min)

    def check_statuses(self, day: date) -> None:
        """Each row is new, still open or snoozed, since the week it came."""
        last = self.weeks[self.before(day)]
        for customer, row in self.weeks[day].items():
            was = last.get(customer)
            expected = "snoozed" if self.snoozed_until(customer) > day else "still_open" if was else "new"
            assert row["status"] == expected, (day, customer, row["status"], expected)
            assert row["since_week"] == (was["since_week"] if was else str(day)), (day, customer)

    def check_who_left(self, week: Path, supplier: Supplier) -> None:
        """Everybody of the last list is on this one or among those who left; whoever ordered since has recovered.

        Unless the contract has ended, whatever was ordered before.
        """
        day = date.fromisoformat(week.name)
        last, ordered, ended = self.weeks[self.before(day)], supplier.last_orders(day), supplier.ended(day)
        left = {row["customer_id"]: row for row in read_rows(week / "left_the_list.csv")}
        assert left.keys() == last.keys() - self.weeks[day].keys(), day
        for customer, row in left.items():
            came_back = ordered[customer] > date.fromisoformat(last[customer]["last_order_day"])
            recovered = came_back and customer not in ended
            assert row["status"] == ("recovered" if recovered else "dropped"), (day, customer)
            assert ("contract has ended" in row["what"]) == (customer in ended), (day, row)
            assert str(ordered[customer]) in row["what"] or row["what"].startswith("Has not ordered since"), (day, row)

    def check_summary(self, day: date, reported: dict[str, object]) -> None:
        """The counts at the top of the list are those of its rows, and of what was handed back of the last one."""
        last = self.before(day)
        to_act = [customer for customer, row in self.weeks[last].items() if row["work"] != "watch"]
        said = [
            self.outcomes[customer, last].status if (customer, last) in self.outcomes else None for customer in to_act
        ]
        statuses = Counter(row["status"] for row in self.weeks[day].values())
        expected = {name: statuses[name] for name in ("new", "still_open", "snoozed")} | {
            "to_act": len(to_act),
            "done": sum(status == "done" for status in said),
            "not_done": sum(status not in (None, "done") for status in said),
            "not_handed_back": said.count(None),
        }
        assert {name: reported[name] for name in expected} == expected, day
