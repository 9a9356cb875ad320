"""Models on a shelf: loaded once, thrown out when there is no room, helped when memory runs out."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from core.devices import is_out_of_memory
from core.errors import ModelRejectedError, ModelUnavailableError
from core.model_borrowing import using
from core.model_shelf import LoadState, ModelPlan, ModelShelf


class OutOfMemoryError(RuntimeError):
    """Named as torch's own."""


class Depot:
    """Makes models, and counts."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.released: list[str] = []
        self.failures: list[BaseException] = []

    def plan(self, name: str, size: int = 1) -> ModelPlan[str]:
        return ModelPlan(name, lambda: self._load(name), size, self.released.append)

    def _load(self, name: str) -> str:
        self.loaded.append(name)
        if self.failures:
            raise self.failures.pop(0)
        return name.upper()


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def shelf_of(budget: int, *, wait_seconds: float = 0) -> ModelShelf:
    return ModelShelf(budget, wait_seconds=wait_seconds, clock=Ticks())


def use(shelf: ModelShelf, plan: ModelPlan[str]) -> str:
    with shelf.borrowed(plan) as model:
        return model


def states(shelf: ModelShelf) -> dict[str, LoadState]:
    return {status.name: status.state for status in shelf.statuses()}


def test_a_model_is_loaded_once() -> None:
    depot, shelf = Depot(), shelf_of(10)
    assert [use(shelf, depot.plan("a")) for _ in range(3)] == ["A", "A", "A"]
    assert depot.loaded == ["a"]
    assert shelf.statuses()[0].load_seconds == 1.0


def test_many_at_once_load_once() -> None:
    depot, shelf = Depot(), ModelShelf(10)
    with ThreadPoolExecutor(8) as pool:
        wait([pool.submit(use, shelf, depot.plan("a")) for _ in range(50)])
    assert depot.loaded == ["a"]


def test_the_least_recently_used_goes_first() -> None:
    depot, shelf = Depot(), shelf_of(2)
    for name in ("a", "b", "a", "c"):
        use(shelf, depot.plan(name))
    assert depot.released == ["B"]
    assert states(shelf) == {"a": LoadState.LOADED, "b": LoadState.ABSENT, "c": LoadState.LOADED}


def test_no_more_goes_than_must() -> None:
    depot, shelf = Depot(), shelf_of(4)
    for name in ("a", "b", "c"):
        use(shelf, depot.plan(name))
    use(shelf, depot.plan("large", 2))
    assert depot.released == ["A"]


def test_a_model_in_use_stays() -> None:
    depot, shelf = Depot(), shelf_of(2)
    with shelf.borrowed(depot.plan("a")):
        use(shelf, depot.plan("b"))
        use(shelf, depot.plan("c"))
        with pytest.raises(ModelUnavailableError, match="no room"):
            use(shelf, depot.plan("large", 2))
    assert depot.released == ["B"]
    assert use(shelf, depot.plan("large", 2)) == "LARGE"


def test_a_borrower_waits_for_room() -> None:
    depot, shelf = Depot(), ModelShelf(1, wait_seconds=30)
    borrowed, give_back = threading.Event(), threading.Event()

    def hold() -> None:
        with shelf.borrowed(depot.plan("a")):
            borrowed.set()
            give_back.wait(30)

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        borrowed.wait(30)
        waiting = pool.submit(use, shelf, depot.plan("b"))
        give_back.set()
        holding.result()
        assert waiting.result() == "B"


def test_what_can_never_fit_is_refused_with_what_to_do() -> None:
    depot, shelf = Depot(), shelf_of(8_000_000_000)
    with pytest.raises(ModelRejectedError, match=r"about 15\.5 GB and 8\.0 GB .* MODEL_MEMORY_GIGABYTES"):
        use(shelf, depot.plan("7b", 15_500_000_000))
    assert depot.loaded == []


def test_a_failed_load_is_tried_again() -> None:
    depot, shelf = Depot(), shelf_of(1)
    depot.failures = [ModelRejectedError("half a folder")]
    with pytest.raises(ModelRejectedError, match="half a folder"):
        use(shelf, depot.plan("a"))
    assert states(shelf) == {"a": LoadState.FAILED}
    assert use(shelf, depot.plan("b")) == "B"  # what failed takes no room
    assert use(shelf, depot.plan("a")) == "A"


def test_out_of_memory_while_loading_throws_out_the_idle_and_tries_again() -> None:
    depot, shelf = Depot(), shelf_of(10)
    use(shelf, depot.plan("a"))
    depot.failures = [OutOfMemoryError("CUDA out of memory")]
    assert use(shelf, depot.plan("b")) == "B"
    assert depot.released == ["A"]
    depot.failures = [OutOfMemoryError(), MemoryError()]
    with pytest.raises(ModelUnavailableError, match="while loading"):
        use(shelf, depot.plan("c"))


def test_a_call_out_of_memory_is_tried_once_more_and_smaller() -> None:
    depot, shelf = Depot(), shelf_of(10)
    use(shelf, depot.plan("idle"))
    sizes: list[int] = []

    def call(size: int) -> str:
        sizes.append(size)
        if size > 4:
            raise OutOfMemoryError
        return "done"

    assert shelf.run(depot.plan("a"), lambda _: call(8), lambda _: call(4)) == "done"
    assert (sizes, depot.released) == ([8, 4], ["IDLE"])
    with pytest.raises(ModelUnavailableError, match="twice"):
        shelf.run(depot.plan("a"), lambda _: call(8))
    assert sizes == [8, 4, 8, 8]


def test_a_model_is_dropped_by_name_unless_it_is_in_use() -> None:
    depot, shelf = Depot(), shelf_of(10)
    with shelf.borrowed(depot.plan("a")):
        shelf.drop("a")
        assert depot.released == []
    shelf.drop("a")
    shelf.drop("a")
    shelf.drop("never seen")
    assert depot.released == ["A"]


async def test_who_is_cancelled_while_a_model_loads_borrows_nothing() -> None:
    depot, shelf, loading, go_on = Depot(), ModelShelf(10), threading.Event(), threading.Event()

    def load() -> str:
        loading.set()
        go_on.wait(30)
        return depot.plan("a").load()

    async def borrow() -> None:
        async with using(shelf, ModelPlan("a", load, 1, depot.released.append)):
            raise AssertionError

    borrowing = asyncio.create_task(borrow())
    await asyncio.to_thread(loading.wait, 30)
    borrowing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await borrowing
    go_on.set()
    async with using(shelf, depot.plan("a")) as model:
        assert model == "A"
    async with asyncio.timeout(30):
        while not depot.released:  # given back by whoever was cancelled, a moment later
            shelf.drop("a")
            await asyncio.sleep(0)
    assert depot.loaded == ["a"]


async def test_a_model_that_cannot_be_loaded_is_said_to_whoever_asks() -> None:
    depot, shelf = Depot(), ModelShelf(10)
    depot.failures = [ModelRejectedError("half a folder")]
    with pytest.raises(ModelRejectedError, match="half a folder"):
        async with using(shelf, depot.plan("a")):
            raise AssertionError


def test_other_errors_pass() -> None:
    shelf = shelf_of(1)
    with pytest.raises(RuntimeError, match="shapes differ"):
        shelf.run(Depot().plan("a"), lambda _: (_ for _ in ()).throw(RuntimeError("shapes differ")))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OutOfMemoryError(), True),
        (MemoryError(), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("x"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error: BaseException, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_what_was_announced_is_told_of_before_anybody_asks_for_it() -> None:
    depot, shelf, beside = Depot(), ModelShelf(10), ModelShelf(10)
    shelf.show_beside(beside)
    shelf.announce("c")
    beside.announce("b")
    beside.announce("a")
    with beside.borrowed(depot.plan("a")):
        assert [(status.name, status.state) for status in shelf.statuses()] == [
            ("a", LoadState.LOADED),
            ("b", LoadState.ABSENT),
            ("c", LoadState.ABSENT),
        ]
