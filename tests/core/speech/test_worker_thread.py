"""`WorkerThread`: one after another, and nobody waits for ever for what was given up."""

from __future__ import annotations

import asyncio
import threading

import pytest

from core.errors import ModelUnavailableError
from core.speech.worker_thread import WorkerThread


async def test_jobs_run_in_one_thread_in_order() -> None:
    worker = WorkerThread("test")
    threads: list[int] = []
    results = await asyncio.gather(
        *(worker.run(lambda _stop, n=n: threads.append(threading.get_ident()) or n) for n in range(5))  # type: ignore[misc,func-returns-value]
    )
    assert (results, len(set(threads))) == ([0, 1, 2, 3, 4], 1)
    assert threads[0] != threading.get_ident()
    worker.stop()


async def test_an_error_reaches_the_caller() -> None:
    worker = WorkerThread("test")

    def fail(_stop: threading.Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await worker.run(fail)
    assert await worker.run(lambda _stop: "still there") == "still there"
    worker.stop()


async def test_a_job_that_was_given_up_is_told_and_waited_for() -> None:
    worker = WorkerThread("test")
    begun, order = threading.Event(), []

    def patient(stop: threading.Event) -> None:
        begun.set()
        stop.wait()
        order.append("first")

    task = asyncio.create_task(worker.run(patient))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await worker.run(lambda _stop: order.append("second"))
    assert order == ["first", "second"]
    worker.stop()


async def test_a_job_that_hangs_makes_the_next_fail_at_once() -> None:
    worker = WorkerThread("test", grace_seconds=0.01)
    begun, end = threading.Event(), threading.Event()

    def hanging(_stop: threading.Event) -> None:
        begun.set()
        end.wait()

    task = asyncio.create_task(worker.run(hanging))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ModelUnavailableError, match="still at a recording"):
        await worker.run(lambda _stop: None)
    end.set()
    patient = WorkerThread("test")
    patient._left_behind = worker._left_behind
    assert await patient.run(lambda _stop: "again") == "again"
    worker.stop()
    patient.stop()


async def test_it_starts_again_after_it_was_stopped() -> None:
    worker = WorkerThread("test")
    first = await worker.run(lambda _stop: threading.current_thread())
    worker.stop()
    await asyncio.to_thread(first.join)
    second = await worker.run(lambda _stop: threading.current_thread())
    assert second is not first
    worker.stop()
