"""k-means: starts, Lloyd's iteration, the search by random swaps, Hartigan's polish; rows in canonical order.

The objective, for rows i with weight w, observed factors O(i) out of p, and group g(i):

    sum over i of  w[i] * (p / |O(i)|) * sum over j in O(i) of (x[i, j] - centre[g(i), j])^2

The partial distance (observed factors, scaled up to p) has the same scale for all centres of a row, so a
row with the effective weight u = w p / |O| takes part like any other, and the minimising centre is the
u-weighted mean of what is observed: k-POD (Chi, Chi and Baraniuk 2016, The American Statistician 70(1),
section 2) with weights u.

Rows lie in blocks of 64 lanes, factor by factor, so that one centre coordinate meets 64 rows at once and each
row's sum has one fixed order. A factor with gaps has a second plane, its mask m:

    |x - c|^2 / 2 - |x|^2 / 2 = sum_j c_j^2 / 2 - c_j x_j           complete: one product
                              = sum_j m_j c_j^2 / 2 - c_j m_j x_j   with gaps: two products

Both are a dot product of planes (q = p + masks) and coefficients: one kernel for complete and gappy data.

Arrays that most kernels share:
    planes (blocks, q, 64); weights, squares (blocks, 64): u, and squared length over what is observed; 0
    beyond the last row; mask_plane (p,): plane of a factor's mask or -1; centres (k, p); coefficients (k
    made even, q + 1), the constant last; labels (blocks, 64) int64; sums (k, q + 2): u-weighted plane sums,
    weight, number of rows.
"""

from __future__ import annotations

import numpy as np
from numba import types

from regso_cluster.kernels._jit import kernel
from regso_cluster.kernels.lanes import lowest_bit, nearest_lanes, score_lanes


@kernel(inline="always")
def _held(sums, mask_plane, c, j):
    """Return the weight of those in group c that have factor j; 0 for the residue of sums."""
    q = sums.shape[1] - 2
    weight = sums[c, q]
    held = weight if mask_plane[j] < 0 else sums[c, mask_plane[j]]
    return held if held > 1e-12 * weight else 0.0


@kernel(inline="always")
def _set_centre(sums, mask_plane, centres, c):
    """Fill row c of centres with means; a factor that nobody in the group has gets 0, the overall mean."""
    p = centres.shape[1]
    if sums.shape[1] == p + 2:  # complete: one weight, and a loop that becomes vectors
        weight = sums[c, p]
        if weight > 0.0:
            for j in range(p):
                centres[c, j] = sums[c, j] / weight
        else:
            centres[c, :] = 0.0
        return
    for j in range(p):
        held = _held(sums, mask_plane, c, j)
        centres[c, j] = sums[c, j] / held if held > 0.0 else 0.0


@kernel(inline="always")
def _set_coefficients(centres, mask_plane, coefficients, c):
    """Turn row c of centres into factors of the dot product; c beyond the last is never nearest."""
    q = coefficients.shape[1] - 1
    if c >= centres.shape[0]:
        coefficients[c, :] = 0.0
        coefficients[c, q] = 1e300
        return
    total = 0.0
    for j in range(centres.shape[1]):
        coefficients[c, j] = -centres[c, j]
    for j in range(centres.shape[1]):
        value = centres[c, j]
        if mask_plane[j] < 0:
            total += 0.5 * value * value
        else:
            coefficients[c, mask_plane[j]] = 0.5 * value * value
    coefficients[c, q] = total


@kernel(nogil=True)
def _explained(sums, mask_plane, p):
    """Return the weighted squares of the group means: the objective is the total sum of squares less this."""
    explained = 0.0
    for c in range(sums.shape[0]):
        for j in range(p):
            held = _held(sums, mask_plane, c, j)
            if held > 0.0:
                explained += sums[c, j] * sums[c, j] / held
    return explained


@kernel(inline="always")
def _add(planes, weights, block, lane, group, sums):
    """Put a row into a group's sums."""
    q = planes.shape[1]
    u = weights[block, lane]
    for j in range(q):
        sums[group, j] += u * planes[block, j, lane]
    sums[group, q] += u
    sums[group, q + 1] += 1.0


@kernel(inline="always")
def _move(planes, weights, block, lane, old, new, sums):
    """Take a row out of group old (none when negative) and put it into group new."""
    _add(planes, weights, block, lane, new, sums)
    if old >= 0:
        q = planes.shape[1]
        u = weights[block, lane]
        for j in range(q):
            sums[old, j] -= u * planes[block, j, lane]
        sums[old, q] -= u
        sums[old, q + 1] -= 1.0


@kernel(nogil=True)
def assign(planes, weights, coefficients, labels, change, pick):
    """Give every row of some blocks its nearest centre, ties to the lowest. Returns how many rows moved.

    OUT: labels; change, shaped as sums: what the moves add to them. pick (64,) int64 is scratch. Cost n k q.
    """
    blocks, q, _ = planes.shape
    k = coefficients.shape[0]
    change[:] = 0.0
    moved = 0
    for block in range(blocks):
        differ = nearest_lanes(
            planes.ctypes.data + block * q * 512,
            q,
            coefficients.ctypes.data,
            k,
            labels.ctypes.data + block * 512,
            pick.ctypes.data,
        )
        if labels[block, 0] < 0:  # the first iteration: nobody leaves a group
            for lane in range(64):
                u = weights[block, lane]
                new = pick[lane]
                labels[block, lane] = new
                if u > 0.0:  # lanes beyond the last row weigh nothing
                    for j in range(q):
                        change[new, j] += u * planes[block, j, lane]
                    change[new, q] += u
                    change[new, q + 1] += 1.0
                    moved += 1
            continue
        while differ != 0:
            lane = lowest_bit(differ)
            differ &= differ - types.uint64(1)
            u = weights[block, lane]
            old = labels[block, lane]
            new = pick[lane]
            labels[block, lane] = new
            if u > 0.0:
                for j in range(q):
                    part = u * planes[block, j, lane]
                    change[old, j] -= part
                    change[new, j] += part
                change[old, q] -= u
                change[new, q] += u
                change[old, q + 1] -= 1.0
                change[new, q + 1] += 1.0
                moved += 1
    return moved


@kernel(nogil=True)
def assign_chunks(planes, weights, coefficients, labels, change, pick, chunk, first, last):
    """Assign the rows of chunks first to last - 1, each of `chunk` blocks; change (chunks, k, q + 2)."""
    moved = 0
    for part in range(first, last):
        begin = part * chunk
        end = min(begin + chunk, planes.shape[0])
        moved += assign(planes[begin:end], weights[begin:end], coefficients, labels[begin:end], change[part], pick)
    return moved


@kernel(inline="always")
def _scores(planes, block, coefficients, scores):
    """Fill scores (k made even, 64): half the squared distance less half the row's own square."""
    q = planes.shape[1]
    score_lanes(
        planes.ctypes.data + block * q * 512,
        q,
        coefficients.ctypes.data,
        coefficients.shape[0],
        scores.ctypes.data,
    )


@kernel(nogil=True)
def step(planes, weights, squares, mask_plane, change, moved, labels, sums, centres, coefficients, scores):
    """Finish an iteration: add the changes (chunks, k, q + 2) in order, fill empty groups, set the centres.

    An empty group gets the row that costs most where it is, ties to the lowest. Returns how many rows moved.
    """
    k = centres.shape[0]
    q = planes.shape[1]
    for chunk in range(change.shape[0]):
        for c in range(k):
            for j in range(q + 2):
                sums[c, j] += change[chunk, c, j]
    for c in range(k):
        if sums[c, q + 1] > 0.0:
            continue
        worst = 0.0
        row = -1
        for block in range(planes.shape[0]):
            _scores(planes, block, coefficients, scores)
            for lane in range(64):
                group = labels[block, lane]
                cost = weights[block, lane] * (squares[block, lane] + 2.0 * scores[group, lane])
                if cost > worst and sums[group, q + 1] > 1.0:
                    worst = cost
                    row = block * 64 + lane
        if row >= 0:
            _move(planes, weights, row // 64, row % 64, labels[row // 64, row % 64], c, sums)
            labels[row // 64, row % 64] = c
            moved += 1
    if moved > 0:
        for c in range(k):
            _set_centre(sums, mask_plane, centres, c)
            _set_coefficients(centres, mask_plane, coefficients, c)
    return moved


@kernel(nogil=True)
def set_coefficients(mask_plane, centres, coefficients):
    """Turn centres into the factors of the dot product."""
    for c in range(coefficients.shape[0]):
        _set_coefficients(centres, mask_plane, coefficients, c)


@kernel(nogil=True)
def _lloyd(
    planes, weights, squares, mask_plane, centres, labels, sums, coefficients, change, scores, pick,
    chunk, max_iter, target, patience,
):  # fmt: skip
    """Lloyd's iteration from centres until no row moves. OUT: centres, labels, sums. Returns the iterations.

    It gives up where patience times the last gain would not reach the target in what the groups explain.
    """
    k, p = centres.shape
    before = 0.0
    set_coefficients(mask_plane, centres, coefficients)
    for iteration in range(max_iter):
        moved = assign_chunks(planes, weights, coefficients, labels, change, pick, chunk, 0, change.shape[0])
        moved = step(planes, weights, squares, mask_plane, change, moved, labels, sums, centres, coefficients, scores)
        if moved == 0:
            return iteration + 1
        if target > 0.0:
            now = 0.0
            for c in range(k):
                for j in range(p):
                    now += sums[c, j] * centres[c, j]
            if iteration > 0 and now + patience * (now - before) < target:
                return iteration + 1
            before = now
    return max_iter


@kernel(nogil=True)
def polish(planes, weights, squares, mask_plane, centres, labels, sums, coefficients, scores, max_iter):
    """Move single rows while that lowers the objective (Hartigan's rule). IN and OUT: centres, labels, sums.

    With D the weight in a group of those who have factor j, moving a row of weight u from group a to c
    saves  sum_j u D_a / (D_a - u) (x_j - a_j)^2  and costs  sum_j u D_c / (D_c + u) (x_j - c_j)^2,
    over its observed factors (Telgarsky and Vattani 2010, AISTATS, section 2). Block scores find the rows
    for which the least cost could be below the most saving; those are computed exactly. Returns how many
    rows moved.
    """
    k, p = centres.shape
    q = planes.shape[1]
    least = np.empty(k)  # the least D over factors bounds both ratios
    total = 0
    for _ in range(max_iter):
        moved = 0
        for block in range(planes.shape[0]):
            for c in range(k):
                least[c] = sums[c, q]
                for j in range(p):
                    least[c] = min(least[c], _held(sums, mask_plane, c, j))
            _scores(planes, block, coefficients, scores)
            for lane in range(64):
                u = weights[block, lane]
                a = labels[block, lane]
                if u == 0.0 or sums[a, q + 1] <= 1.0:
                    continue
                square = squares[block, lane]
                room = least[a] - u
                own = (square + 2.0 * scores[a, lane]) * least[a]  # saving / u, times room
                slack = 1e-12 * square
                promising = False
                for c in range(k):
                    cost = least[c] * (square + 2.0 * scores[c, lane])  # over least + u
                    if c != a and (room <= 0.0 or cost * room < (own + slack * least[a]) * (least[c] + u)):
                        promising = True
                if promising and _move_if_better(planes, weights, mask_plane, centres, labels, sums, block, lane):
                    moved += 1
                    _set_coefficients(centres, mask_plane, coefficients, a)
                    _set_coefficients(centres, mask_plane, coefficients, labels[block, lane])
        total += moved
        if moved == 0:
            break
    return total


@kernel(nogil=True)
def _move_if_better(planes, weights, mask_plane, centres, labels, sums, block, lane):
    """Move a row to where the objective falls most, if by more than rounding; tell whether."""
    k, p = centres.shape
    u = weights[block, lane]
    a = labels[block, lane]
    saving = 0.0
    for j in range(p):
        if mask_plane[j] < 0 or planes[block, mask_plane[j], lane] > 0.0:
            held = _held(sums, mask_plane, a, j)
            if held - u > 1e-12 * held:  # else it is the only one with factor j, and is its mean
                saving += u * held / (held - u) * (planes[block, j, lane] - centres[a, j]) ** 2
    lowest = saving
    chosen = -1
    for c in range(k):
        if c != a:
            cost = 0.0
            for j in range(p):
                if mask_plane[j] < 0 or planes[block, mask_plane[j], lane] > 0.0:
                    held = _held(sums, mask_plane, c, j)
                    cost += u * held / (held + u) * (planes[block, j, lane] - centres[c, j]) ** 2
            if cost < lowest:
                lowest = cost
                chosen = c
    if chosen < 0 or lowest > saving * (1.0 - 1e-10):
        return False
    _move(planes, weights, block, lane, a, chosen, sums)
    labels[block, lane] = chosen
    _set_centre(sums, mask_plane, centres, a)
    _set_centre(sums, mask_plane, centres, chosen)
    return True


@kernel(nogil=True)
def _place(planes, row, centres, c):
    """Put centre c on a row; factors the row lacks get 0, the overall mean."""
    for j in range(centres.shape[1]):
        centres[c, j] = planes[row // 64, j, row % 64]


@kernel(nogil=True)
def _draw(cumulative, target):
    """Return the row in whose share of the running weight the target falls."""
    low = 0
    high = cumulative.shape[0] - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > target:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(nogil=True)
def _start_random(planes, cumulative, uniforms, centres, chosen):
    """Put the centres on rows drawn by weight without replacement. chosen (k,) is scratch, kept sorted."""
    total = cumulative[cumulative.shape[0] - 1]
    taken = 0.0
    for c in range(centres.shape[0]):
        target = uniforms[c, 0] * (total - taken)
        for t in range(c):  # step over the shares already taken, from the left
            before = cumulative[chosen[t] - 1] if chosen[t] > 0 else 0.0
            if target >= before:
                target += cumulative[chosen[t]] - before
        row = _draw(cumulative, target)
        taken += cumulative[row] - (cumulative[row - 1] if row > 0 else 0.0)
        t = c
        while t > 0 and chosen[t - 1] > row:
            chosen[t] = chosen[t - 1]
            t -= 1
        chosen[t] = row
        _place(planes, row, centres, c)


@kernel(nogil=True)
def _draw_far(weights, nearest, uniform, lanes):
    """Draw a row by weight times squared distance to its nearest centre: first a lane, then a block.

    Lane totals add up side by side, so the draw costs a vectorised pass and has one order of summation.
    """
    lanes[:] = 0.0
    for block in range(weights.shape[0]):
        for lane in range(64):
            lanes[lane] += weights[block, lane] * nearest[block, lane]
    total = 0.0
    for lane in range(64):
        total += lanes[lane]
    target = uniform * total
    lane = 0
    while lane < 63 and target >= lanes[lane]:
        target -= lanes[lane]
        lane += 1
    last = 0
    for block in range(weights.shape[0]):
        part = weights[block, lane] * nearest[block, lane]
        if part > 0.0:
            last = block
            if target < part:
                break
            target -= part
    return last * 64 + lane


@kernel(nogil=True)
def _start_greedy(planes, weights, squares, mask_plane, cumulative, uniforms, centres, nearest):
    """k-means++ (Arthur and Vassilvitskii 2007, section 2), of several candidates the one that helps most.

    uniforms (k, candidates); nearest (blocks, 64) is scratch: squared distance to the nearest centre so far.
    """
    blocks, q, _ = planes.shape
    n_candidates = uniforms.shape[1]
    even = n_candidates + n_candidates % 2
    rows = np.empty(n_candidates, dtype=np.int64)
    trial = np.empty((n_candidates, centres.shape[1]))
    coefficients = np.empty((even, q + 1))
    potential = np.empty((even, 64))
    scores = np.empty((even, 64))
    nearest[:] = 1e300
    for c in range(centres.shape[0]):
        for t in range(n_candidates):
            if c == 0:
                rows[t] = _draw(cumulative, uniforms[0, 0] * cumulative[cumulative.shape[0] - 1])
            else:
                rows[t] = _draw_far(weights, nearest, uniforms[c, t], potential[0])
            _place(planes, rows[t], trial, t)
        set_coefficients(mask_plane, trial, coefficients)
        chosen = 0
        if c > 0:
            potential[:] = 0.0
            for block in range(blocks):
                _scores(planes, block, coefficients, scores)
                for t in range(n_candidates):
                    for lane in range(64):
                        distance = max(0.0, squares[block, lane] + 2.0 * scores[t, lane])
                        potential[t, lane] += weights[block, lane] * min(distance, nearest[block, lane])
            for t in range(n_candidates):
                for lane in range(1, 64):
                    potential[t, 0] += potential[t, lane]
                if potential[t, 0] < potential[chosen, 0]:
                    chosen = t
        _place(planes, rows[chosen], centres, c)
        coefficients[0] = coefficients[chosen]
        for block in range(blocks):
            _scores(planes, block, coefficients[:2], scores)
            for lane in range(64):
                distance = max(0.0, squares[block, lane] + 2.0 * scores[0, lane])
                nearest[block, lane] = min(distance, nearest[block, lane])


@kernel(nogil=True)
def start(planes, weights, squares, mask_plane, cumulative, uniforms, centres):
    """Fill centres from draws (k, candidates): one candidate means a random start, more greedy k-means++."""
    if uniforms.shape[1] == 1:
        _start_random(planes, cumulative, uniforms, centres, np.empty(centres.shape[0], dtype=np.int64))
    elif uniforms.shape[1] > 1:
        nearest = np.empty(weights.shape)
        _start_greedy(planes, weights, squares, mask_plane, cumulative, uniforms, centres, nearest)


@kernel(nogil=True)
def restarts(
    planes, weights, squares, mask_plane, cumulative, uniforms, chunk, max_iter,
    explained, iterations, best_centres, best_labels,
):  # fmt: skip
    """Run one start after the other, each with Lloyd's iteration, and keep the one that explains most.

    uniforms (starts, k, candidates): draws; without candidates, every start is best_centres as given.
    OUT: explained, iterations (starts,), best_centres, best_labels. Returns the best, ties to the lowest.
    """
    k, p = best_centres.shape
    blocks, q, _ = planes.shape
    centres = best_centres.copy()
    labels = np.empty((blocks, 64), dtype=np.int64)
    sums = np.empty((k, q + 2))
    coefficients = np.empty((k + k % 2, q + 1))
    change = np.empty(((blocks + chunk - 1) // chunk, k, q + 2))
    scores = np.empty((k + k % 2, 64))
    pick = np.empty(64, dtype=np.int64)
    best = -1
    for run in range(uniforms.shape[0]):
        start(planes, weights, squares, mask_plane, cumulative, uniforms[run], centres)
        labels[:] = -1
        sums[:] = 0.0
        iterations[run] = _lloyd(
            planes, weights, squares, mask_plane, centres, labels, sums, coefficients, change, scores, pick,
            chunk, max_iter, 0.0, 0.0,
        )  # fmt: skip
        explained[run] = _explained(sums, mask_plane, p)
        if best < 0 or explained[run] > explained[best]:
            best = run
            best_centres[:] = centres
            best_labels[:] = labels
    return best


@kernel(nogil=True)
def swaps(
    planes,
    weights,
    squares,
    mask_plane,
    cumulative,
    uniforms,
    chunk,
    max_iter,
    patience,
    best_centres,
    best_labels,
):
    """Random swaps (Fränti 2018, section 3): one centre to a drawn row, Lloyd, keep what explains more.

    uniforms (swaps, 2): which centre, which row. IN and OUT: best_centres, best_labels; at the end polished.
    Returns the swaps kept and what the best explains.
    """
    k, p = best_centres.shape
    blocks, q, _ = planes.shape
    labels = best_labels.copy()
    centres = best_centres.copy()
    sums = np.empty((k, q + 2))
    coefficients = np.empty((k + k % 2, q + 1))
    change = np.empty(((blocks + chunk - 1) // chunk, k, q + 2))
    scores = np.empty((k + k % 2, 64))
    pick = np.empty(64, dtype=np.int64)
    set_sums(planes, weights, labels, sums)
    best_sums = sums.copy()
    most = _explained(sums, mask_plane, p)
    kept = 0
    for swap in range(uniforms.shape[0]):
        row = _draw(cumulative, uniforms[swap, 1] * cumulative[cumulative.shape[0] - 1])
        _place(planes, row, centres, min(int(uniforms[swap, 0] * k), k - 1))
        _lloyd(
            planes, weights, squares, mask_plane, centres, labels, sums, coefficients, change, scores, pick,
            chunk, max_iter, most, patience,
        )  # fmt: skip
        now = _explained(sums, mask_plane, p)
        if now > most * (1.0 + 1e-13):  # a gain within rounding is none
            most = now
            kept += 1
            best_centres[:] = centres
            best_labels[:] = labels
            best_sums[:] = sums
        else:
            centres[:] = best_centres
            labels[:] = best_labels
            sums[:] = best_sums
    set_coefficients(mask_plane, best_centres, coefficients)
    polish(
        planes,
        weights,
        squares,
        mask_plane,
        best_centres,
        best_labels,
        best_sums,
        coefficients,
        scores,
        max_iter,
    )
    return kept, _explained(best_sums, mask_plane, p)


@kernel(nogil=True)
def set_sums(planes, weights, labels, sums):
    """Fill sums anew from labels, in the order of the rows."""
    sums[:] = 0.0
    for block in range(planes.shape[0]):
        for lane in range(64):
            if weights[block, lane] > 0.0:
                _add(planes, weights, block, lane, labels[block, lane], sums)


@kernel(nogil=True)
def exact_centres(planes, weights, mask_plane, labels, sums, centres):
    """Fill sums and centres anew from labels."""
    set_sums(planes, weights, labels, sums)
    for c in range(centres.shape[0]):
        _set_centre(sums, mask_plane, centres, c)


@kernel(nogil=True)
def explained(mask_plane, sums, p):
    """Return what the groups explain; for callers outside."""
    return _explained(sums, mask_plane, p)
