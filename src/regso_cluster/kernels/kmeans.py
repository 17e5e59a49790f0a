"""k-means: many starts, and the search by random swaps. Rows and groups are those of `kmeans_groups`."""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.kmeans_groups import Groups, explained, make_work, set_coefficients, set_sums
from regso_cluster.kernels.kmeans_lloyd import lloyd
from regso_cluster.kernels.kmeans_polish import polish
from regso_cluster.kernels.kmeans_starts import draw_row, place_centre, start


@kernel(nogil=True)
def restarts(rows, uniforms, chunk, max_iter, found, iterations, best_centres, best_labels):
    """Run one start after the other, each with Lloyd's iteration, and keep the one that explains most.

    uniforms (starts, k, candidates): draws; without candidates, every start is best_centres as given.
    OUT: found, what each start explains, iterations (starts,), best_centres, best_labels. Returns the best, ties to
    the lowest.
    """
    k, p = best_centres.shape
    blocks, q, _ = rows.planes.shape
    groups = Groups(best_centres.copy(), np.empty((blocks, 64), dtype=np.int64), np.empty((k, q + 2)))
    work = make_work(k, q, (blocks + chunk - 1) // chunk)
    best = -1
    for run in range(uniforms.shape[0]):
        start(rows, uniforms[run], groups.centres)
        groups.labels[:] = -1
        groups.sums[:] = 0.0
        iterations[run] = lloyd(rows, groups, work, chunk, max_iter, 0.0, 0.0)
        found[run] = explained(rows.mask_plane, groups.sums, p)
        if best < 0 or found[run] > found[best]:
            best = run
            best_centres[:] = groups.centres
            best_labels[:] = groups.labels
    return best


@kernel(nogil=True)
def swaps(rows, uniforms, chunk, max_iter, patience, best_centres, best_labels):
    """Random swaps (Fränti 2018, section 3): one centre to a drawn row, Lloyd, keep what explains more.

    uniforms (swaps, 2): which centre, which row. IN and OUT: best_centres, best_labels; at the end polished.
    Returns the swaps kept and what the best explains.
    """
    planes, cumulative = rows.planes, rows.cumulative
    k, p = best_centres.shape
    blocks, q, _ = planes.shape
    sums = np.empty((k, q + 2))
    groups = Groups(best_centres.copy(), best_labels.copy(), sums)
    work = make_work(k, q, (blocks + chunk - 1) // chunk)
    set_sums(planes, rows.weights, groups.labels, sums)
    best = Groups(best_centres, best_labels, sums.copy())
    most = explained(rows.mask_plane, sums, p)
    kept = 0
    for swap in range(uniforms.shape[0]):
        row = draw_row(cumulative, uniforms[swap, 1] * cumulative[cumulative.shape[0] - 1])
        place_centre(planes, row, groups.centres, min(int(uniforms[swap, 0] * k), k - 1))
        lloyd(rows, groups, work, chunk, max_iter, most, patience)
        now = explained(rows.mask_plane, sums, p)
        if now > most * (1.0 + 1e-13):  # a gain within rounding is none
            most = now
            kept += 1
            best.centres[:] = groups.centres
            best.labels[:] = groups.labels
            best.sums[:] = sums
        else:
            groups.centres[:] = best.centres
            groups.labels[:] = best.labels
            sums[:] = best.sums
    set_coefficients(rows.mask_plane, best.centres, work.coefficients)
    polish(rows, best, work.coefficients, work.scores, max_iter)
    return kept, explained(rows.mask_plane, best.sums, p)
