"""Models in memory: loaded on first use, thrown out for others, helped when memory runs out.

A `ModelShelf` holds the models of one device. A model is loaded when it is first borrowed, and stays; when
there is no room for another, the one that nobody uses and nobody has used for longest goes. A call that runs
out of memory all the same is tried once more, smaller, with every idle model gone.

All of it blocks: call it in a thread, or borrow by `core.model_borrowing`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, Generic, TypeVar

from core.devices import GIGABYTE, give_back_memory, is_out_of_memory
from core.errors import ModelRejectedError, ModelUnavailableError

logger = logging.getLogger(__name__)

Model = TypeVar("Model")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ModelPlan(Generic[Model]):
    """How to load a model.

    Attributes:
        name: unique on its shelf: role and folder.
        load: makes it. Blocking.
        memory_bytes: what it takes, weights and a usual call; an estimate.
        release: called before it is dropped.
    """

    name: str
    load: Callable[[], Model]
    memory_bytes: int
    release: Callable[[Model], None] = lambda _model: None


class LoadState(StrEnum):
    """How far a model is."""

    ABSENT = "absent"
    LOADING = "loading"
    LOADED = "loaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What /healthz and `check` show of a model."""

    name: str
    state: LoadState
    memory_bytes: int
    load_seconds: float = 0.0


@dataclass(slots=True)
class _Place:
    """Where one model stands on the shelf."""

    plan: ModelPlan[Any]
    loading: threading.Lock = field(default_factory=threading.Lock)
    model: Any = None
    state: LoadState = LoadState.ABSENT
    load_seconds: float = 0.0
    borrowers: int = 0
    last_used: float = 0.0


class ModelShelf:
    """The models of one device.

    Args:
        budget_bytes: how much they may take together; a function is asked when the first model is loaded.
        wait_seconds: how long a borrower waits for models in use to make room.
        clock: seconds since any fixed point.
    """

    def __init__(
        self,
        budget_bytes: int | Callable[[], int],
        *,
        wait_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask_budget = budget_bytes if callable(budget_bytes) else lambda: budget_bytes
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._places: dict[str, _Place] = {}
        self._announced: set[str] = set()
        self._beside: list[ModelShelf] = []
        self._changed = threading.Condition()

    def announce(self, name: str) -> None:
        """Have the model of that name told of in `statuses` before anybody asks for it."""
        self._announced.add(name)

    def show_beside(self, shelf: ModelShelf) -> None:
        """Have the models of another shelf told of in `statuses` too."""
        self._beside.append(shelf)

    @contextmanager
    def borrowed(self, plan: ModelPlan[Model]) -> Iterator[Model]:
        """The model of `plan`, loaded if need be; it stays for as long as the body runs.

        Raises:
            ModelRejectedError: it can never fit.
            ModelUnavailableError: models in use left no room in time, or loading ran out of memory.
            BotError: as `plan.load` raises.
        """
        place = self._place_of(plan)
        with self._changed:
            place.borrowers += 1  # from now on it is not thrown out
        try:
            with place.loading:
                if place.model is None:
                    self._load(place)
            yield place.model
        finally:
            with self._changed:
                place.borrowers -= 1
                place.last_used = self._clock()
                self._changed.notify_all()

    def run(
        self,
        plan: ModelPlan[Model],
        call: Callable[[Model], Result],
        smaller: Callable[[Model], Result] | None = None,
    ) -> Result:
        """What `call` makes of the model.

        Out of memory, idle models go and `smaller` (or `call`) is tried once.

        Raises:
            ModelUnavailableError: out of memory again.
            BotError: as `borrowed`, and as the calls raise.
        """
        with self.borrowed(plan) as model:
            try:
                return call(model)
            except (RuntimeError, MemoryError) as exc:
                if not is_out_of_memory(exc):
                    raise
                logger.warning("out_of_memory model=%s retry=yes", plan.name)
            self.evict_idle()
            try:
                return (smaller or call)(model)
            except (RuntimeError, MemoryError) as exc:
                if not is_out_of_memory(exc):
                    raise
                raise ModelUnavailableError(f"{plan.name}: out of memory, twice") from exc

    def evict_idle(self) -> int:
        """Throw out what nobody uses; returns how many bytes that should have freed."""
        with self._changed:
            idle = [place for place in self._places.values() if _is_idle(place)]
            freed = sum(self._thrown_out(place) for place in idle)
        give_back_memory()
        return freed

    def drop(self, name: str) -> None:
        """Throw out the model of that name, unless somebody uses it."""
        with self._changed:
            place = self._places.get(name)
            if place is not None and _is_idle(place):
                self._thrown_out(place)
        give_back_memory()

    def statuses(self) -> tuple[ModelStatus, ...]:
        """Every model that was announced or asked for, here and on the shelves beside, by name."""
        with self._changed:
            found = {name: ModelStatus(name, LoadState.ABSENT, 0) for name in self._announced} | {
                name: ModelStatus(name, place.state, place.plan.memory_bytes, place.load_seconds)
                for name, place in self._places.items()
            }
        for shelf in self._beside:
            found |= {status.name: status for status in shelf.statuses()}
        return tuple(found[name] for name in sorted(found))

    @cached_property
    def _budget_bytes(self) -> int:
        return self._ask_budget()

    def _place_of(self, plan: ModelPlan[Any]) -> _Place:
        with self._changed:
            return self._places.setdefault(plan.name, _Place(plan))

    def _load(self, place: _Place) -> None:
        plan = place.plan
        self._make_room(place)
        started = self._clock()
        try:
            place.model = self._loaded(plan)
        except BaseException:
            place.state = LoadState.FAILED
            raise
        place.load_seconds = self._clock() - started
        place.state = LoadState.LOADED
        logger.info("loaded model=%s seconds=%.1f", plan.name, place.load_seconds)

    def _loaded(self, plan: ModelPlan[Model]) -> Model:
        """Load; out of memory, once more without the idle models: the estimate was too low."""
        try:
            return plan.load()
        except (RuntimeError, MemoryError) as exc:
            if not is_out_of_memory(exc):
                raise
        self.evict_idle()
        try:
            return plan.load()
        except (RuntimeError, MemoryError) as exc:
            if not is_out_of_memory(exc):
                raise
            raise ModelUnavailableError(f"{plan.name}: out of memory while loading") from exc

    def _make_room(self, place: _Place) -> None:
        """Reserve what the model takes, so that two loads never share the same room."""
        plan = place.plan
        if plan.memory_bytes > self._budget_bytes:
            needed, allowed = plan.memory_bytes / GIGABYTE, self._budget_bytes / GIGABYTE
            raise ModelRejectedError(
                f"{plan.name} needs about {needed:.1f} GB and {allowed:.1f} GB may be used: take a smaller "
                "model, quantise it (LLM_QUANTIZATION), or raise MODEL_MEMORY_GIGABYTES"
            )
        with self._changed:
            has_room = self._changed.wait_for(lambda: self._throw_out_until(plan), self._wait_seconds)
            if has_room:
                place.state = LoadState.LOADING
        give_back_memory()
        if not has_room:
            raise ModelUnavailableError(f"{plan.name}: the models in use leave no room for it")

    def _throw_out_until(self, plan: ModelPlan[Any]) -> bool:
        """Whether there is room for `plan`, idle models thrown out as needed, least recently used first."""
        idle = sorted((p for p in self._places.values() if _is_idle(p)), key=lambda place: place.last_used)
        taken = sum(p.plan.memory_bytes for p in self._places.values() if p.state in _TAKING)
        if taken - sum(p.plan.memory_bytes for p in idle) + plan.memory_bytes > self._budget_bytes:
            return False
        for place in idle:
            if taken + plan.memory_bytes <= self._budget_bytes:
                break
            taken -= self._thrown_out(place)
        return True

    def _thrown_out(self, place: _Place) -> int:
        logger.info("evicted model=%s", place.plan.name)
        place.plan.release(place.model)
        place.model, place.state = None, LoadState.ABSENT
        return place.plan.memory_bytes


_TAKING = (LoadState.LOADING, LoadState.LOADED)


def _is_idle(place: _Place) -> bool:
    return place.state is LoadState.LOADED and not place.borrowers
