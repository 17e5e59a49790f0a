"""k-means: starts, Lloyd's iteration and the search by random swaps, on rows in canonical order.

The objective, for rows i with weight w, observed factors O(i) out of p, and group g(i):

    sum over i of  w[i] * (p / |O(i)|) * sum over j in O(i) of (x[i, j] - centre[g(i), j])^2

The partial distance (observed factors, scaled up to p) is the same for all centres of a row, so a row with
the effective weight u = w p / |O| takes part like any other, and the minimising centre is the u-weighted mean
of what is observed: k-POD (Chi, Chi and Baraniuk 2016, The American Statistician 70(1), section 2) with weights u.

Rows lie in blocks of 64 lanes, factor by factor, so that one centre coordinate meets 64 rows at once and each
row's sum has one fixed order on every processor. A factor with gaps has a second plane, its mask:

    |x - c|^2 / 2 - |x|^2 / 2 = sum_j c_j^2 / 2 - c_j x_j       one product for a complete factor, constant set apart
                              = sum_j m_j c_j^2 / 2 - c_j m_j x_j  two for a factor with gaps, mask m

Both are a plain dot product of planes and coefficients, so one kernel serves complete and gappy data.
"""

from __future__ import annotations

from regso_cluster.kernels._jit import kernel


@kernel(nogil=True)
def pack(values, missing, order, shift, planes, mask_plane):
    """Fill planes (blocks, q, 64) from values (n, p) in the given order, less shift; gaps become 0.

    mask_plane (p,) is the plane of the factor's mask, or -1 for a factor without gaps. OUT: planes.
    """
    p = values.shape[1]
    for i in range(order.shape[0]):
        block = i // 64
        lane = i % 64
        row = order[i]
        for j in range(p):
            if mask_plane[j] < 0:
                planes[block, j, lane] = values[row, j] - shift[j]
            elif not missing[row, j]:
                planes[block, j, lane] = values[row, j] - shift[j]
                planes[block, mask_plane[j], lane] = 1.0


@kernel(nogil=True)
def weighted_means(values, missing, order, weights, means):
    """Fill means (p,) with the weighted mean of what is observed, summed in the given order; 0 where nothing is."""
    p = values.shape[1]
    for j in range(p):
        total = 0.0
        weight = 0.0
        for i in range(order.shape[0]):
            if not missing[order[i], j]:
                total += weights[i] * values[order[i], j]
                weight += weights[i]
        means[j] = total / weight if weight > 0.0 else 0.0


@kernel(nogil=True)
def _score(planes, block, coefficients, constant, c, score):
    """Fill score (64,) with half the squared distance to centre c less half the row's own square."""
    q = planes.shape[1]
    start = constant[c]
    for lane in range(64):
        score[lane] = start
    j = 0
    while j + 3 <= q:
        a = coefficients[c, j]
        b = coefficients[c, j + 1]
        d = coefficients[c, j + 2]
        for lane in range(64):
            score[lane] += planes[block, j, lane] * a + planes[block, j + 1, lane] * b + planes[block, j + 2, lane] * d
        j += 3
    while j < q:
        a = coefficients[c, j]
        for lane in range(64):
            score[lane] += planes[block, j, lane] * a
        j += 1


@kernel(nogil=True)
def _coefficients(centres, mask_plane, coefficients, constant, c):
    """Turn row c of centres (k, p) into the factors of the dot product."""
    total = 0.0
    for j in range(centres.shape[1]):
        value = centres[c, j]
        coefficients[c, j] = -value
        if mask_plane[j] < 0:
            total += 0.5 * value * value
        else:
            coefficients[c, mask_plane[j]] = 0.5 * value * value
    constant[c] = total


@kernel(nogil=True)
def _move(planes, weights, i, old, new, sums):
    """Take row i out of group old (none when negative) and put it into group new.

    sums (k, q + 2): weighted plane sums, the group's weight, its number of rows.
    """
    block = i // 64
    lane = i % 64
    u = weights[block, lane]
    q = planes.shape[1]
    for j in range(q):
        part = u * planes[block, j, lane]
        if old >= 0:
            sums[old, j] -= part
        sums[new, j] += part
    if old >= 0:
        sums[old, q] -= u
        sums[old, q + 1] -= 1.0
    sums[new, q] += u
    sums[new, q + 1] += 1.0


@kernel(nogil=True)
def _assign(planes, weights, coefficients, constant, labels, sums, best, score, pick):
    """Give every row its nearest centre (ties to the lowest), keep sums in step; returns how many rows moved."""
    k = coefficients.shape[0]
    moved = 0
    for block in range(planes.shape[0]):
        for c in range(k):
            _score(planes, block, coefficients, constant, c, score)
            if c == 0:
                for lane in range(64):
                    best[lane] = score[lane]
                    pick[lane] = 0
            else:
                for lane in range(64):
                    less = score[lane] < best[lane]
                    pick[lane] = c if less else pick[lane]
                    best[lane] = score[lane] if less else best[lane]
        differ = 0
        for lane in range(64):
            differ += pick[lane] != labels[block, lane]
        if differ > 0:
            for lane in range(64):
                old = labels[block, lane]
                if pick[lane] != old:
                    labels[block, lane] = pick[lane]
                    if weights[block, lane] > 0.0:  # lanes beyond the last row weigh nothing
                        _move(planes, weights, block * 64 + lane, old, pick[lane], sums)
                        moved += 1
    return moved


@kernel(nogil=True)
def _centre(sums, mask_plane, centres, c):
    """Fill row c of centres with the group's means; a factor that nobody in the group has gets 0, the overall mean."""
    q = sums.shape[1] - 2
    weight = sums[c, q]
    for j in range(centres.shape[1]):
        held = weight if mask_plane[j] < 0 else sums[c, mask_plane[j]]
        # sums kept by adding and subtracting leave a residue where the last holder has left
        centres[c, j] = sums[c, j] / held if held > 1e-12 * weight else 0.0


@kernel(nogil=True)
def _repair(planes, weights, coefficients, constant, squares, labels, sums, score):
    """Give each empty group the row that costs most where it is (ties to the lowest row); returns moves."""
    k = coefficients.shape[0]
    q = planes.shape[1]
    moved = 0
    for c in range(k):
        if sums[c, q + 1] > 0.0:
            continue
        worst = 0.0
        row = -1
        for block in range(planes.shape[0]):
            for group in range(k):
                _score(planes, block, coefficients, constant, group, score)
                for lane in range(64):
                    if labels[block, lane] == group and sums[group, q + 1] > 1.0:
                        cost = weights[block, lane] * (squares[block, lane] + 2.0 * score[lane])
                        if cost > worst:
                            worst = cost
                            row = block * 64 + lane
        if row < 0:
            break
        _move(planes, weights, row, labels[row // 64, row % 64], c, sums)
        labels[row // 64, row % 64] = c
        moved += 1
    return moved


@kernel(nogil=True)
def _lloyd(planes, weights, squares, mask_plane, centres, labels, sums, coefficients, constant, lanes, pick, max_iter):
    """Lloyd's iteration from centres until no row moves. OUT: centres, labels, sums. Returns the iterations."""
    k = centres.shape[0]
    for c in range(k):
        _coefficients(centres, mask_plane, coefficients, constant, c)
    for iteration in range(max_iter):
        moved = _assign(planes, weights, coefficients, constant, labels, sums, lanes[0], lanes[1], pick)
        moved += _repair(planes, weights, coefficients, constant, squares, labels, sums, lanes[1])
        if moved == 0:
            return iteration + 1
        for c in range(k):
            _centre(sums, mask_plane, centres, c)
            _coefficients(centres, mask_plane, coefficients, constant, c)
    return max_iter


@kernel(nogil=True)
def _within(sums, mask_plane, p):
    """Return the sum of squared plane means times their weight: what the groups explain."""
    q = sums.shape[1] - 2
    explained = 0.0
    for c in range(sums.shape[0]):
        weight = sums[c, q]
        for j in range(p):
            held = weight if mask_plane[j] < 0 else sums[c, mask_plane[j]]
            if held > 1e-12 * weight:
                explained += sums[c, j] * sums[c, j] / held
    return explained


@kernel(nogil=True)
def _place(planes, row, centres, c):
    """Put centre c on a row; factors the row lacks get 0, the overall mean."""
    for j in range(centres.shape[1]):
        centres[c, j] = planes[row // 64, j, row % 64]


@kernel(nogil=True)
def _draw(cumulative, uniform):
    """Return the row in whose share of the total weight the draw falls."""
    n = cumulative.shape[0]
    target = uniform * cumulative[n - 1]
    low = 0
    high = n - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > target:
            high = middle
        else:
            low = middle + 1
    return low


@kernel(nogil=True)
def _start_random(planes, cumulative, uniforms, centres, chosen):
    """Put the centres on rows drawn by weight without replacement; uniforms (k,), chosen (k,) scratch, kept sorted."""
    k = centres.shape[0]
    n = cumulative.shape[0]
    taken = 0.0
    for c in range(k):
        target = uniforms[c] * (cumulative[n - 1] - taken)
        for t in range(c):  # step over the shares already taken, from the left
            row = chosen[t]
            before = cumulative[row - 1] if row > 0 else 0.0
            if target >= before:
                target += cumulative[row] - before
        row = _draw(cumulative, target / cumulative[n - 1])
        t = c
        while t > 0 and chosen[t - 1] > row:
            chosen[t] = chosen[t - 1]
            t -= 1
        chosen[t] = row
        taken += cumulative[row] - (cumulative[row - 1] if row > 0 else 0.0)
        _place(planes, row, centres, c)


@kernel(nogil=True)
def _draw_far(weights, nearest, uniform, lanes):
    """Draw a row by weight times squared distance to its nearest centre: first a lane, then a block.

    Lane totals add up side by side, so the draw costs a vectorised pass and has one order of summation.
    """
    for lane in range(64):
        lanes[lane] = 0.0
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
def _start_greedy(planes, weights, squares, mask_plane, cumulative, uniforms, centres, trial, lanes, nearest):
    """k-means++ with several candidates for each centre (Arthur and Vassilvitskii 2007; the greedy form).

    uniforms (k, candidates); trial: scratch coefficients (1, q), constant (1,) in its last column;
    nearest (blocks, 64): scratch, squared distances.
    """
    k = centres.shape[0]
    q = planes.shape[1]
    blocks = planes.shape[0]
    coefficients = trial[:, :q]
    constant = trial[:, q]
    _place(planes, _draw(cumulative, uniforms[0, 0]), centres, 0)
    for c in range(k):
        if c > 0:
            lowest = -1.0
            chosen = 0
            for candidate in range(uniforms.shape[1]):
                row = _draw_far(weights, nearest, uniforms[c, candidate], lanes[0])
                _place(planes, row, centres, c)
                _coefficients(centres[c : c + 1], mask_plane, coefficients, constant, 0)
                for lane in range(64):
                    lanes[2, lane] = 0.0
                for block in range(blocks):
                    _score(planes, block, coefficients, constant, 0, lanes[1])
                    for lane in range(64):
                        distance = max(0.0, squares[block, lane] + 2.0 * lanes[1, lane])
                        lanes[2, lane] += weights[block, lane] * min(distance, nearest[block, lane])
                potential = 0.0
                for lane in range(64):
                    potential += lanes[2, lane]
                if lowest < 0.0 or potential < lowest:
                    lowest = potential
                    chosen = row
            _place(planes, chosen, centres, c)
        _coefficients(centres[c : c + 1], mask_plane, coefficients, constant, 0)
        for block in range(blocks):
            _score(planes, block, coefficients, constant, 0, lanes[1])
            for lane in range(64):
                distance = max(0.0, squares[block, lane] + 2.0 * lanes[1, lane])
                nearest[block, lane] = distance if c == 0 else min(distance, nearest[block, lane])


@kernel(nogil=True)
def restarts(
    planes, weights, squares, mask_plane, cumulative, uniforms, given, max_iter,
    explained, iterations, best_centres, best_labels,
    centres, labels, sums, coefficients, constant, trial, lanes, pick, nearest, chosen,
):  # fmt: skip
    """Run one start after the other, each with Lloyd's iteration, and keep the one that explains most.

    uniforms (starts, k, candidates): draws; one candidate means random starts, none (size 0) that every start
    is best_centres as given. OUT: explained, iterations (starts,), best_centres, best_labels. The rest is scratch.
    Returns the number of the best start (ties to the lowest).
    """
    best = -1
    for start in range(uniforms.shape[0]):
        if given:
            centres[:] = best_centres
        elif uniforms.shape[2] == 1:
            _start_random(planes, cumulative, uniforms[start, :, 0], centres, chosen)
        else:
            _start_greedy(
                planes,
                weights,
                squares,
                mask_plane,
                cumulative,
                uniforms[start],
                centres,
                trial,
                lanes,
                nearest,
            )
        labels[:] = -1
        sums[:] = 0.0
        iterations[start] = _lloyd(
            planes,
            weights,
            squares,
            mask_plane,
            centres,
            labels,
            sums,
            coefficients,
            constant,
            lanes,
            pick,
            max_iter,
        )
        explained[start] = _within(sums, mask_plane, centres.shape[1])
        if best < 0 or explained[start] > explained[best]:
            best = start
            best_centres[:] = centres
            best_labels[:] = labels
    return best


@kernel(nogil=True)
def swaps(
    planes, weights, squares, mask_plane, cumulative, swap_uniforms, max_iter, best_centres, best_labels,
    centres, labels, sums, coefficients, constant, lanes, pick,
):  # fmt: skip
    """Random swaps (Fränti 2018, section 3): move one centre to a drawn row, run Lloyd, keep what explains more.

    swap_uniforms (swaps, 2): which centre, which row. IN and OUT: best_centres, best_labels.
    Returns the swaps kept and what the best explains.
    """
    k, p = best_centres.shape
    labels[:] = best_labels
    centres[:] = best_centres
    sums[:] = 0.0
    for block in range(planes.shape[0]):
        for lane in range(64):
            if weights[block, lane] > 0.0:
                _move(planes, weights, block * 64 + lane, -1, labels[block, lane], sums)
    most = _within(sums, mask_plane, p)
    kept = 0
    best_sums = sums.copy()
    for swap in range(swap_uniforms.shape[0]):
        c = min(int(swap_uniforms[swap, 0] * k), k - 1)
        _place(planes, _draw(cumulative, swap_uniforms[swap, 1]), centres, c)
        _lloyd(
            planes,
            weights,
            squares,
            mask_plane,
            centres,
            labels,
            sums,
            coefficients,
            constant,
            lanes,
            pick,
            max_iter,
        )
        now = _within(sums, mask_plane, p)
        if now > most * (1.0 + 1e-14):  # a gain within rounding is none
            most = now
            kept += 1
            best_centres[:] = centres
            best_labels[:] = labels
            best_sums[:] = sums
        else:
            centres[:] = best_centres
            labels[:] = best_labels
            sums[:] = best_sums
    return kept, most


@kernel(nogil=True)
def exact_centres(planes, weights, mask_plane, labels, sums, centres):
    """Fill sums and centres anew from labels, in the order of the rows."""
    sums[:] = 0.0
    for block in range(planes.shape[0]):
        for lane in range(64):
            if weights[block, lane] > 0.0:
                _move(planes, weights, block * 64 + lane, -1, labels[block, lane], sums)
    for c in range(centres.shape[0]):
        _centre(sums, mask_plane, centres, c)


@kernel(nogil=True)
def nearest_two(values, missing, any_missing, centres, labels, second, squared):
    """Fill labels, second (n,) and squared (n,) with the nearest centre, the runner-up, the partial distance squared.

    Straight differences, ties to the lowest centre; a row with nothing observed gets -1, -1 and 0; second is -1
    when there is one centre. Cost n k p.
    """
    n, p = values.shape
    k = centres.shape[0]
    for i in range(n):
        first = -1
        runner = -1
        low = 0.0
        next_low = 0.0
        observed = p
        if any_missing:
            for j in range(p):
                observed -= missing[i, j]
        if observed > 0:
            for c in range(k):
                total = 0.0
                for j in range(p):
                    if not missing[i, j]:
                        total += (values[i, j] - centres[c, j]) ** 2
                if first < 0 or total < low:
                    runner = first
                    next_low = low
                    first = c
                    low = total
                elif runner < 0 or total < next_low:
                    runner = c
                    next_low = total
            low *= p / observed
        labels[i] = first
        second[i] = runner
        squared[i] = low


@kernel(nogil=True)
def to_centres(values, missing, centres, distances):
    """Fill distances (n, k) with the partial Euclidean distance; nan where a row has nothing observed."""
    n, p = values.shape
    for i in range(n):
        observed = p
        for j in range(p):
            observed -= missing[i, j]
        for c in range(centres.shape[0]):
            total = 0.0
            for j in range(p):
                if not missing[i, j]:
                    total += (values[i, j] - centres[c, j]) ** 2
            distances[i, c] = (total * (p / observed)) ** 0.5 if observed > 0 else float("nan")
