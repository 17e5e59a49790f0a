"""Distances from rows to rows: sums over factors of |a - b| or (a - b)^2, with or without missing values.

A tile is one row against LANES columns held side by side: the sums stay in vector registers while the factors
run by. That loop is written out as LLVM vectors in `_tile`, because numba's automatic vectoriser keeps the
sums in memory (measured: 2.5 times slower at 30 factors). LLVM splits the vectors into whatever the processor
has; each pair's sum runs over the factors in order with fused multiply-add, so the bits depend neither on the
vector width nor on the threads, d(a, b) equals d(b, a), and d(a, a) is 0. A processor without fused
multiply-add (before 2013) gives the same bits, slowly.

Always direct differences: |a|^2 + |b|^2 - 2ab loses half of the digits for close rows.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from regso_cluster.kernels._jit import kernel

LANES = 64  # columns in a tile: eight vectors of AVX-512


def _tile(power, masked):
    """Make the tile: row i of `rows` against block `block` of `packed`, written to out[o, j : j + LANES].

    Readable form, for each lane l, over the factors f:

        plain    sum  = sum_f |rows[i, f] - packed[block, f, l]|^power
                 out  = sum * scale
        masked   both = present[i, f] * weights[block, f, l]
                 sum  = sum_f both * |rows[i, f] - packed[block, f, l]|^power;   shared = sum_f both
                 out  = sum / shared * scale;    0 / 0 is NaN: nothing in common

    and the square root of it if `root`.
    """

    @intrinsic
    def tile(typing_context, rows, present, i, packed, weights, block, out, o, j, scale, root):  # noqa: ARG001
        matrix, number = types.intp, types.float64
        signature = types.void(
            rows, present, matrix, packed, weights, matrix, out, matrix, matrix, number, types.boolean
        )

        def codegen(context, builder, signature, args):
            def data(k):
                array = context.make_array(signature.args[k])(context, builder, args[k])
                return array.data, cgutils.unpack_tuple(builder, array.shape)

            (rows_p, rows_shape), (present_p, _) = data(0), data(1)
            (packed_p, _), (weights_p, _), (out_p, out_shape) = data(3), data(4), data(6)
            i, block, o, j, scale, root = args[2], args[5], args[7], args[8], args[9], args[10]
            n_factors = rows_shape[1]
            vector = ir.VectorType(ir.DoubleType(), LANES)
            splat_mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            undefined = ir.Constant(vector, ir.Undefined)
            lanes = ir.Constant(ir.IntType(64), LANES)

            def call(name, *operands):
                kind = ir.FunctionType(vector, [vector] * len(operands))
                return builder.call(
                    cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}f64"), operands
                )

            def as_vector(pointer):
                return builder.bitcast(pointer, vector.as_pointer())

            def splat(scalar):
                first = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(first, undefined, splat_mask)

            zero = ir.Constant(vector, [0.0] * LANES)
            total, shared = cgutils.alloca_once(builder, vector), cgutils.alloca_once(builder, vector)
            builder.store(zero, total)
            builder.store(zero, shared)
            row_start = builder.mul(i, n_factors)
            tile_start = builder.mul(builder.mul(block, n_factors), lanes)
            with cgutils.for_range(builder, n_factors) as loop:
                here = builder.add(row_start, loop.index)
                there = builder.add(tile_start, builder.mul(loop.index, lanes))
                column = builder.load(as_vector(builder.gep(packed_p, [there])), align=8)
                difference = builder.fsub(splat(builder.load(builder.gep(rows_p, [here]))), column)
                factor = difference if power == 2 else call("fabs", difference)
                if masked:
                    weight = builder.load(as_vector(builder.gep(weights_p, [there])), align=8)
                    both = builder.fmul(splat(builder.load(builder.gep(present_p, [here]))), weight)
                    builder.store(builder.fadd(builder.load(shared), both), shared)
                    other = builder.fmul(both, factor) if power == 2 else both
                    builder.store(call("fma", other, factor, builder.load(total)), total)
                elif power == 2:
                    builder.store(call("fma", factor, factor, builder.load(total)), total)
                else:
                    builder.store(builder.fadd(builder.load(total), factor), total)
            result = builder.load(total)
            if masked:
                result = builder.fdiv(result, builder.load(shared))
            builder.store(builder.fmul(result, splat(scale)), total)
            with builder.if_then(root):
                builder.store(call("sqrt", builder.load(total)), total)
            target = builder.gep(out_p, [builder.add(builder.mul(o, out_shape[1]), j)])
            builder.store(builder.load(total), as_vector(target), align=8)
            return context.get_dummy_value()

        return signature, codegen

    return tile


_squares = _tile(2, masked=False)
_absolutes = _tile(1, masked=False)
_masked_squares = _tile(2, masked=True)
_masked_absolutes = _tile(1, masked=True)


@kernel()
def pack(values, fill, packed):
    """Lay rows side by side for the tiles: packed[b, f, l] = values[b * LANES + l, f].

    IN   values (n, p); fill: what stands beyond the last row
    OUT  packed (ceil(n / LANES), p, LANES)
    """
    n, p = values.shape
    width = packed.shape[2]
    for block in range(packed.shape[0]):
        for lane in range(width):
            row = block * width + lane
            for factor in range(p):
                packed[block, factor, lane] = values[row, factor] if row < n else fill


@kernel()
def _one_tile(rows, present, i, packed, weights, block, how, out, o, j):
    power, masked, scale, root = how
    if masked:
        if power == 2:
            _masked_squares(rows, present, i, packed, weights, block, out, o, j, scale, root)
        else:
            _masked_absolutes(rows, present, i, packed, weights, block, out, o, j, scale, root)
    elif power == 2:
        _squares(rows, present, i, packed, weights, block, out, o, j, scale, root)
    else:
        _absolutes(rows, present, i, packed, weights, block, out, o, j, scale, root)


@kernel()
def _fill_rows(rows, present, start, stop, packed, weights, how, spare, out):
    """Fill out[start:stop]; return how many cells are undefined."""
    n_columns, width = out.shape[1], packed.shape[2]
    masked = how[1]
    undefined = 0
    for block in range(packed.shape[0]):  # outermost: the tile stays in the nearest cache
        first = block * width
        here = min(width, n_columns - first)
        for i in range(start, stop):
            if here == width:
                _one_tile(rows, present, i, packed, weights, block, how, out, i, first)
            else:
                _one_tile(rows, present, i, packed, weights, block, how, spare, 0, 0)
                for lane in range(here):
                    out[i, first + lane] = spare[0, lane]
            if masked:
                for lane in range(here):  # only 0 / 0 differs from itself: the inputs hold no NaN
                    undefined += out[i, first + lane] != out[i, first + lane]
    return undefined


@kernel(parallel=True)
def fill_distances(rows, present, packed, weights, how, chunk, spare, undefined, out):
    """Fill `out` with the distances from every row to every column.

    IN   rows (n, p), finite; present (n, p) 1.0 where observed, else 0.0; packed (blocks, p, LANES) from
         `pack`; weights as packed: the factor's weight where the column observes it, else 0.0; how: (power 1
         or 2, masked, scale, root), see `_tile`; without `masked` present and weights are not read; chunk:
         rows in a thread's piece; spare (chunks, 1, LANES)
    OUT  out (n, m); undefined (chunks,) int64: cells where a pair has nothing in common, counted if masked

    Cost n m p; each piece is owned by one thread, so the result does not depend on their number.
    """
    n = rows.shape[0]
    for piece in prange(undefined.shape[0]):
        start, stop = piece * chunk, min(n, piece * chunk + chunk)
        undefined[piece] = _fill_rows(rows, present, start, stop, packed, weights, how, spare[piece], out)


@kernel()
def _insert(index, distance, indices, distances):
    """Put a neighbour into its place in the sorted row; an equal one with a lower index stays in front."""
    place = distances.shape[0] - 1
    while place > 0 and distance < distances[place - 1]:
        distances[place] = distances[place - 1]
        indices[place] = indices[place - 1]
        place -= 1
    distances[place] = distance
    indices[place] = index


@kernel()
def _search_rows(rows, present, start, stop, packed, weights, how, skip_self, n_columns, spare, indices, distances):
    width = packed.shape[2]
    last = indices.shape[1] - 1
    for i in range(start, stop):
        for k in range(last + 1):
            indices[i, k] = -1
            distances[i, k] = np.inf
    for block in range(packed.shape[0]):
        first = block * width
        here = min(width, n_columns - first)
        for i in range(start, stop):
            _one_tile(rows, present, i, packed, weights, block, how, spare, 0, 0)
            nearer = 0
            for lane in range(here):  # a count is vectorised, a branch is not; NaN is never nearer
                nearer += spare[0, lane] < distances[i, last]
            if nearer > 0:
                for lane in range(here):
                    column = first + lane
                    if spare[0, lane] < distances[i, last] and not (skip_self and column == i):
                        _insert(column, spare[0, lane], indices[i], distances[i])


@kernel(parallel=True)
def find_nearest(rows, present, packed, weights, how, skip_self, n_columns, chunk, spare, indices, distances):
    """Find the k nearest columns of every row without a distance matrix.

    IN   as `fill_distances`; skip_self: column i is row i itself and does not count; n_columns: columns that
         are there, the rest of the last tile is filling
    OUT  indices (n, k) int64, nearest first, ties to the lowest index, -1 where fewer than k have anything in
         common with the row; distances (n, k), infinite there
    """
    n = rows.shape[0]
    for piece in prange(spare.shape[0]):
        start, stop = piece * chunk, min(n, piece * chunk + chunk)
        _search_rows(
            rows,
            present,
            start,
            stop,
            packed,
            weights,
            how,
            skip_self,
            n_columns,
            spare[piece],
            indices,
            distances,
        )
