"""Processes that do the same thing at the same moment: each with its own memory, engine and connection.

Loading our modules is what takes time, so one server of forks loads them, and twenty forks race several times.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from uuid import UUID

from sqlalchemy import text

from issuer.refusals import Refusal
from tests.issuer import returning
from tests.issuer.counting import Till
from tests.issuer.gifting import give_goodwill, use_voucher, voucher_code

RUNNERS = 20
FIELDS = (2, 4, RUNNERS)
PATIENCE = 120
DEEDS: dict[str, Callable[[Till, UUID], object]] = {
    "redeem": lambda till, card_id: till.redeem(card_id),
    "reverse": lambda till, posting_id: till.reverse(posting_id),
    "confirm": lambda till, hold_id: till.confirm(hold_id),
    "stamp": lambda till, card_id: till.stamp(card_id),
    "refund": returning.refund,
    "refund a euro": lambda till, purchase_id: returning.refund(till, purchase_id, 1_00),
    "move": returning.move,
    "merge": returning.merge_into_oldest,
    "use a visit": returning.use_visits,
    "voucher": lambda till, card_id: use_voucher(till, card_id, voucher_code(till, card_id)),
    "buy": lambda till, card_id: till.buy(card_id, 1250, reference="bill 7"),
    "goodwill": lambda till, _: give_goodwill(till, till.join(), "They all came at once."),
}


class Race:
    """Lines up processes, gives the start, collects what each of them was told: "done" or the code of a refusal."""

    def __init__(self, lanes: list[Connection]) -> None:
        self._lanes = lanes

    def __call__(self, url: str, till: Till, deed: str, target: UUID, runners: int) -> list[str]:
        return self.mixed(url, till, [(deed, target)] * runners)

    def mixed(self, url: str, till: Till, runs: list[tuple[str, UUID]]) -> list[str]:
        """Each process does its own deed: as many as one of `FIELDS` says."""
        lanes = self._lanes[: len(runs)]
        for lane, (deed, target) in zip(lanes, runs, strict=True):
            lane.send((url, till.parts, deed, target, len(runs)))
        assert all(lane.poll(PATIENCE) for lane in lanes), "a process did not come back"
        return [lane.recv() for lane in lanes]


@contextmanager
def runners() -> Iterator[Race]:
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    gates = {field: context.Barrier(field) for field in FIELDS}
    lanes, runs = [], []
    for _ in range(RUNNERS):
        ours, theirs = context.Pipe()
        runs.append(context.Process(target=_run, args=(theirs, gates), daemon=True))
        lanes.append(ours)
        runs[-1].start()
    try:
        yield Race(lanes)
    finally:
        for run in runs:
            run.kill()
            run.join()


def _run(lane: Connection, gates: dict[int, Barrier]) -> None:
    while True:
        url, parts, deed, target, field = lane.recv()
        till = Till.of(url, *parts)
        with till.work() as session:
            session.execute(text("SELECT 1"))
        gates[field].wait(timeout=PATIENCE)
        try:
            outcome = DEEDS[deed](till, target)
            lane.send(outcome.code if isinstance(outcome, Refusal) else "done")
        except Exception as error:
            lane.send(f"{type(error).__name__}: {error}")
            raise
        finally:
            till.engine.dispose()
