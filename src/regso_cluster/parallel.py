"""Ensembles: many fits or runs, in threads, in processes or on a Dask cluster, with the same bytes everywhere.

An ensemble is cut into batches of a fixed size; each member has a seed of its own, made from its number, and results
are put together by number. So neither how many work nor who does what can reach a result, and a batch that is lost
with its worker is done again by another with the same outcome.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal, TypeVar

import joblib
import numpy as np

from regso_cluster.errors import Fault, InputError
from regso_cluster.kernels._threads import threads as kernel_threads

Batch = TypeVar("Batch")
Result = TypeVar("Result")

# numba's plain threading layer takes one parallel kernel at a time in a process: a task that calls one holds this
ONE_PARALLEL_KERNEL = threading.Lock()


class WorkersError(InputError):
    """Work could not be done elsewhere: nobody at the address, or a worker failed. No fault of the table."""


@dataclass(frozen=True)
class Workers:
    """Who does the work; never changes a result.

    Parameters
    ----------
    threads : how many work on this machine; None one for each processor, 1 no parallel work at all
    scheduler : address of a Dask cluster, as tcp://10.0.0.1:8786, that does the work instead
    kind : on this machine "threads", for work that releases the interpreter lock, or "processes"

    Examples
    --------
    >>> Workers(threads=2).threads
    2
    """

    threads: int | None = None
    scheduler: str | None = None
    kind: Literal["threads", "processes"] = "threads"

    @property
    def elsewhere(self) -> bool:
        """Whether the work leaves this process."""
        return self.scheduler is not None or (self.kind == "processes" and count_threads(self.threads) > 1)


def count_threads(threads: int | None) -> int:
    """Give the number of threads: as asked, or one for each processor this process may use."""
    if threads is not None:
        return threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def child_seed(seed: int, *path: int) -> np.random.SeedSequence:
    """Give the seed of a member: by the numbers that lead to it, whatever else is drawn."""
    return np.random.SeedSequence(seed, spawn_key=path)


def batches(n: int, size: int) -> list[range]:
    """Cut the numbers 0 to n - 1 into runs of `size`."""
    return [range(begin, min(begin + size, n)) for begin in range(0, n, size)]


def run_batches(
    task: Callable[[Any, Batch], Result], shared: Any, todo: Sequence[Batch], workers: Workers | None = None
) -> list[Result]:
    """Run `task(shared, batch)` for every batch; results in the order of the batches.

    Parameters
    ----------
    task : a function of a module, that can be sent to another process
    shared : what every batch needs; can be pickled
    todo : the batches
    workers : None runs in threads on this machine

    Raises
    ------
    WorkersError  no cluster at the address, or Dask is not installed; a batch that failed elsewhere, with the reason
    """
    found: list[Result | None] = [None] * len(todo)
    for number, result in run_as_done(task, shared, todo, workers):
        found[number] = result
    return found  # type: ignore[return-value]  # every place is filled, or an error was raised


def run_as_done(
    task: Callable[[Any, Batch], Result], shared: Any, todo: Sequence[Batch], workers: Workers | None = None
) -> Iterator[tuple[int, Result]]:
    """Do the same, giving (number of the batch, result) as batches end, so that they can be kept at once."""
    workers = workers or Workers()
    n_jobs = min(count_threads(workers.threads), max(len(todo), 1))
    if workers.scheduler is None and n_jobs == 1:
        with kernel_threads(1):
            for number, batch in enumerate(todo):
                yield number, task(shared, batch)
        return
    if workers.scheduler is None and workers.kind == "threads":
        with joblib.parallel_config(backend="threading", n_jobs=n_jobs):
            jobs = (joblib.delayed(_run_here)(task, shared, number, batch) for number, batch in enumerate(todo))
            yield from _as_done(jobs)
        return
    # The bytes go with every batch: what a cluster holds apart is lost with the worker that holds it. A batch goes in a
    # tuple, since joblib has a cluster hold bare arrays apart.
    packed = Packed.of(shared)
    parent = None if workers.scheduler else os.getpid()
    with _backend(workers, n_jobs):
        sent = (joblib.delayed(_run_there)(task, packed, number, (batch,), parent) for number, batch in enumerate(todo))
        try:
            yield from _as_done(sent)
        except InputError:
            raise
        except Exception as error:  # what a worker raises can be anything, and is told in its own words
            raise WorkersError(_failed(error, workers)) from error


def _as_done(jobs: Iterator[Any]) -> Iterator[Any]:
    """Give results as they come; where nobody wants the others any more, joblib need not warn that it drops them."""
    results = joblib.Parallel(return_as="generator_unordered")(jobs)
    try:
        for result in results:  # noqa: UP028  `yield from` would close the results before the warnings are off
            yield result
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            results.close()


def _failed(error: Exception, workers: Workers) -> Fault:
    """Say why a batch failed in another process."""
    reason = f"{type(error).__name__}: {error}"
    hint = "Every worker needs the same versions installed, and memory for a batch; its log says more."
    if not workers.scheduler:
        hint = (
            "A worker that ends without a word was most often stopped by the system for want of memory: use fewer "
            "--threads, so that fewer work at once, or a machine with more memory."
        )
    where = f"--scheduler {workers.scheduler}" if workers.scheduler else "a process of this machine"
    return Fault("a worker failed", where, got=reason, hint=hint)


def _run_here(task: Callable[[Any, Batch], Result], shared: Any, number: int, batch: Batch) -> tuple[int, Result]:
    with kernel_threads(1):
        return number, task(shared, batch)


def _run_there(
    task: Callable[[Any, Batch], Result],
    packed: Packed,
    number: int,
    batch: tuple[Batch],
    parent: int | None = None,
) -> tuple[int, Result]:
    if parent is not None:
        _end_with(parent)
    with kernel_threads(1):
        return number, task(unpacked(packed), batch[0])


@lru_cache(maxsize=1)
def _end_with(parent: int) -> None:
    """End this process when its parent has: one that was killed tells nobody, and its batches would go on."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Packed:
    """Bytes known by their hash, so that a worker unpacks them once."""

    def __init__(self, key: str, content: bytes) -> None:
        self.key, self.content = key, content

    @staticmethod
    def of(thing: Any) -> Packed:
        """Pack something, now."""
        content = pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL)
        return Packed(hashlib.sha256(content).hexdigest(), content)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and self.key == other.key


@lru_cache(maxsize=2)  # what all batches share, and what some of them bring
def unpacked(packed: Packed) -> Any:
    """Give what was packed; the same object as long as it is asked for in turn."""
    return pickle.loads(packed.content)  # noqa: S301  made by run_as_done itself


@contextmanager
def _backend(workers: Workers, n_jobs: int) -> Iterator[None]:
    """Set joblib's backend: processes on this machine, or a Dask cluster."""
    if workers.scheduler is None:
        _start_tracker()
        with joblib.parallel_config(backend="loky", n_jobs=n_jobs, inner_max_num_threads=1):
            yield
        return
    with connect(workers.scheduler) as client, joblib.parallel_config(backend=_dask_backend(client)):
        yield


def _start_tracker() -> None:
    """Start the process that clears away what a killed parent leaves in shared memory, without its warnings of that.

    It starts once, with the options for warnings that hold then.
    """
    quiet = "ignore:resource_tracker"
    sys.warnoptions.append(quiet)
    try:
        import_module("joblib.externals.loky.backend.resource_tracker").ensure_running()
    finally:
        sys.warnoptions.remove(quiet)


def _dask_backend(client: Any) -> Any:
    """Give joblib's Dask backend, and let it also hear of a batch that the cluster gave up.

    A task that raises comes back as a result. Of one whose workers died, or that no worker could read, joblib's own
    backend tells nobody, and the run would wait for ever. While the cluster has a single processor, as when one of two
    workers was just lost, joblib would take the work back into this process.
    """
    plain: Any = import_module("joblib._dask").DaskDistributedBackend  # needs Dask
    name = "submit" if hasattr(plain, "submit") else "apply_async"  # joblib < 1.5

    class Backend(plain):  # type: ignore[misc]  # joblib is untyped
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, int(super().effective_n_jobs(n_jobs)))

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, _GivenUp):
                raise out.error
            return super().retrieve_result_callback(out)

    def submit(self: Any, func: Any, callback: Callable[[Any], None]) -> Any:
        def tell(done: Any) -> None:
            if done.exception() is not None:
                callback(_GivenUp(done.exception()))

        future = getattr(plain, name)(self, func, callback)
        future.add_done_callback(tell)
        return future

    setattr(Backend, name, submit)
    return Backend(client=client)


@dataclass(frozen=True)
class _GivenUp:
    """Why the cluster gave a batch up."""

    error: Exception


@contextmanager
def connect(scheduler: str) -> Iterator[Any]:
    """Connect to a Dask cluster.

    Raises
    ------
    WorkersError  Dask is not installed; nobody answers at the address
    """
    try:
        distributed: Any = import_module("distributed")  # optional
    except ImportError as error:
        hint = "Install it: pip install 'regso-cluster[dask]'."
        raise WorkersError(Fault("Dask is not installed", "--scheduler", got=scheduler, hint=hint)) from error
    try:
        # a client with an address that is none complains again, after 20 seconds, when it is thrown away
        import_module("distributed.comm").resolve_address(scheduler)
        client = distributed.Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:  # a wrong address, or nobody there (TimeoutError is an OSError)
        hint = "Give the address that the scheduler printed when it started, as tcp://10.0.0.1:8786."
        raise WorkersError(Fault("no Dask cluster answers", "--scheduler", got=scheduler, hint=hint)) from error
    try:
        yield client
    finally:
        client.close()
