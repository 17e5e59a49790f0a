# ruff: noqa: ARG001, ARG005  numba fixes what an intrinsic is given
"""Explicit vectors, written as LLVM code: the one place, because llvmlite's pointers are about to change.

numba's own vectoriser loads and stores every partial sum (a quarter of the speed), does not touch a search for a
minimum, and cannot know that rows of a table do not overlap. Here sums stay in registers. LLVM cuts a vector into
what the processor has; each lane has its own sum, in the order of the factors, so that no bit depends on the width.

    nearest_lanes, score_lanes     k-means: products are added, never fused, with the bits of
                                   score = constant; for j: score = score + plane[j] * coefficient[j]
    squares, absolutes, masked_*   distances of one row to LANES columns, fused
    price_lanes                    k-medoids: LANES candidates against all medoids, fused
    ward_tile, not_above           linkage: one bit for each of LANES lanes that may be the nearest

Every pointer is made, read and written in `_Vectors`.
"""

from __future__ import annotations

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 64  # eight vectors of AVX-512; one bit each in a machine word
_WIDTH = 8  # float64 in a vector of k-means
_DOUBLE, _FLOAT, _LONG = ir.DoubleType(), ir.FloatType(), ir.IntType(64)


def _long(value):
    return ir.Constant(_LONG, value)


class _Vectors:
    """Vectors of `width` numbers over a builder."""

    def __init__(self, builder, number, width=LANES):
        self.builder = builder
        self.kind = ir.VectorType(number, width)
        self.width = width
        self.align = 4 if number == _FLOAT else 8
        self.suffix = f"v{width}{'f32' if number == _FLOAT else 'f64'}"

    def all(self, value):
        """A vector of one constant."""
        return ir.Constant(self.kind, [value] * self.width)

    def splat(self, scalar):
        """Put one number into all lanes."""
        empty = ir.Constant(ir.VectorType(scalar.type, self.width), ir.Undefined)
        first = self.builder.insert_element(empty, scalar, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return self.builder.shuffle_vector(first, empty, mask)

    def scalar(self, base, index):
        """Load base[index]."""
        return self.builder.load(self.builder.gep(base, [index]))

    def _at(self, base, index):
        return self.builder.bitcast(self.builder.gep(base, [index]), self.kind.as_pointer())

    def load(self, base, index):
        """Load base[index : index + width]."""
        return self.builder.load(self._at(base, index), align=self.align)

    def store(self, value, base, index):
        """Store a vector at base[index : index + width]."""
        self.builder.store(value, self._at(base, index), align=self.align)

    def slot(self, value=None):
        """A vector on the stack, which LLVM keeps in registers."""
        place = cgutils.alloca_once(self.builder, self.kind)
        if value is not None:
            self.builder.store(value, place)
        return place

    def call(self, name, *operands):
        """An operation of LLVM, such as fma, on vectors."""
        kind = ir.FunctionType(self.kind, [self.kind] * len(operands))
        function = cgutils.get_or_insert_function(self.builder.module, kind, f"llvm.{name}.{self.suffix}")
        return self.builder.call(function, operands)

    def bits(self, flags):
        """One bit a lane."""
        return self.builder.bitcast(flags, ir.IntType(self.width))


def _array(context, builder, kinds, values, k):
    """The data and the shape of the array that is value k."""
    array = context.make_array(kinds[k])(context, builder, values[k])
    return array.data, cgutils.unpack_tuple(builder, array.shape)


def _address(builder, number, kind=_DOUBLE):
    """A pointer from an address given as a whole number."""
    return builder.inttoptr(number, kind.as_pointer())


# --- k-means: a tile of 4 centres x 16 or 32 rows stays in registers


def _vectors_per_tile():
    """4 vectors by 4 centres fit the registers of AVX-512; narrower ones hold 1 by 4."""
    return 4 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 1


def _tile(vectors, planes, factors, coefficients, centre, lane, n_centres, n_vectors):
    """Emit the scores of n_centres centres for n_vectors x 8 rows; returns [centre][vector] of stack slots.

    coefficients (k, factors + 1), the constant last; planes (factors, 64).
    """
    builder = vectors.builder
    stride = builder.add(factors, _long(1))
    rows = [builder.gep(coefficients, [builder.mul(builder.add(centre, _long(t)), stride)]) for t in range(n_centres)]
    slots = [[vectors.slot() for _ in range(n_vectors)] for _ in rows]
    for row, line in zip(rows, slots, strict=True):
        constant = vectors.splat(vectors.scalar(row, factors))
        for slot in line:
            builder.store(constant, slot)
    with cgutils.for_range(builder, factors, intp=_LONG) as loop:
        base = builder.add(builder.mul(loop.index, _long(64)), lane)
        values = [vectors.load(planes, builder.add(base, _long(_WIDTH * v))) for v in range(n_vectors)]
        for row, line in zip(rows, slots, strict=True):
            coefficient = vectors.splat(vectors.scalar(row, loop.index))
            for value, slot in zip(values, line, strict=True):
                builder.store(builder.fadd(builder.load(slot), builder.fmul(value, coefficient)), slot)
    return slots


@intrinsic
def nearest_lanes(typing_context, planes, factors, coefficients, k, labels, pick):
    """Write the nearest of k centres (k even) of 64 rows to pick; return a bit where it differs from labels.

    All arguments but factors and k are addresses: planes (factors, 64), coefficients (k, factors + 1),
    labels and pick (64,) int64. Ties go to the lowest centre.
    """
    signature = types.uint64(*[types.intp] * 6)
    n_vectors = _vectors_per_tile()

    def codegen(context, builder, signature, arguments):
        planes, factors, coefficients, k, labels, pick = arguments
        planes, coefficients = (_address(builder, a) for a in (planes, coefficients))
        labels, pick = (_address(builder, a, _LONG) for a in (labels, pick))
        scores, numbers = _Vectors(builder, _DOUBLE, _WIDTH), _Vectors(builder, _LONG, _WIDTH)
        differ = cgutils.alloca_once_value(builder, _long(0))
        with cgutils.for_range(builder, _long(64 // (_WIDTH * n_vectors)), intp=_LONG) as group:
            lane = builder.mul(group.index, _long(_WIDTH * n_vectors))
            best = [scores.slot() for _ in range(n_vectors)]
            which = [numbers.slot() for _ in range(n_vectors)]
            for v in range(n_vectors):
                builder.store(scores.all(float("inf")), best[v])
                builder.store(numbers.splat(_long(0)), which[v])

            def compare(centre, n_centres):
                slots = _tile(scores, planes, factors, coefficients, centre, lane, n_centres, n_vectors)
                for t, line in enumerate(slots):
                    number = numbers.splat(builder.add(centre, _long(t)))
                    for v, slot in enumerate(line):
                        score, low = builder.load(slot), builder.load(best[v])
                        less = builder.fcmp_ordered("<", score, low)
                        builder.store(builder.select(less, score, low), best[v])
                        builder.store(builder.select(less, number, builder.load(which[v])), which[v])

            fours = builder.udiv(k, _long(4))
            with cgutils.for_range(builder, fours, intp=_LONG) as four:
                compare(builder.mul(four.index, _long(4)), 4)
            with builder.if_then(builder.icmp_unsigned("!=", builder.urem(k, _long(4)), _long(0))):
                compare(builder.mul(fours, _long(4)), 2)
            for v in range(n_vectors):
                place = builder.add(lane, _long(_WIDTH * v))
                found = builder.load(which[v])
                numbers.store(found, pick, place)
                changed = builder.icmp_unsigned("!=", found, numbers.load(labels, place))
                bits = builder.zext(numbers.bits(changed), _LONG)
                builder.store(builder.or_(builder.load(differ), builder.shl(bits, place)), differ)
        return builder.load(differ)

    return signature, codegen


@intrinsic
def lowest_bit(typing_context, bits):
    """Give the place of the lowest bit set; bits is not 0."""
    return types.int64(types.uint64), lambda context, builder, signature, arguments: builder.cttz(
        arguments[0], ir.Constant(ir.IntType(1), 1)
    )


@intrinsic
def score_lanes(typing_context, planes, factors, coefficients, k, scores):
    """Write the scores of k centres (k even) for 64 rows to scores (k, 64); see `nearest_lanes`."""
    signature = types.void(*[types.intp] * 5)
    n_vectors = _vectors_per_tile()

    def codegen(context, builder, signature, arguments):
        planes, factors, coefficients, k, scores = arguments
        planes, coefficients, scores = (_address(builder, a) for a in (planes, coefficients, scores))
        vectors = _Vectors(builder, _DOUBLE, _WIDTH)
        with cgutils.for_range(builder, _long(64 // (_WIDTH * n_vectors)), intp=_LONG) as group:
            lane = builder.mul(group.index, _long(_WIDTH * n_vectors))
            with cgutils.for_range(builder, builder.udiv(k, _long(2)), intp=_LONG) as two:
                centre = builder.mul(two.index, _long(2))
                slots = _tile(vectors, planes, factors, coefficients, centre, lane, 2, n_vectors)
                for t, line in enumerate(slots):
                    row = builder.mul(builder.add(centre, _long(t)), _long(64))
                    for v, slot in enumerate(line):
                        place = builder.add(builder.add(row, lane), _long(_WIDTH * v))
                        vectors.store(builder.load(slot), scores, place)
        return context.get_dummy_value()

    return signature, codegen


# --- distances


def _distances(power, masked):
    """Make the tile: row i of `rows` against block `block` of `packed`, written to out[o, j : j + LANES].

    The first argument is a tuple of four arrays: rows, present, packed, weights. Readable form, for each lane l,
    over the factors f:

        plain    sum  = sum_f |rows[i, f] - packed[block, f, l]|^power
                 out  = sum * scale
        masked   both = present[i, f] * weights[block, f, l]
                 sum  = sum_f both * |rows[i, f] - packed[block, f, l]|^power;   shared = sum_f both
                 out  = sum / shared * scale;    0 / 0 is NaN: nothing in common

    and the square root of it if `root`.
    """

    def codegen(context, builder, signature, args):
        sides = cgutils.unpack_tuple(builder, args[0])
        (rows, (_, n_factors)), (present, _), (packed, _), (weights, _) = (
            _array(context, builder, signature.args[0].types, sides, k) for k in range(4)
        )
        i, block, o, j, scale, root = args[1], args[2], args[4], args[5], args[6], args[7]
        out, (_, n_columns) = _array(context, builder, signature.args, args, 3)
        vectors = _Vectors(builder, _DOUBLE)
        total, shared = vectors.slot(vectors.all(0.0)), vectors.slot(vectors.all(0.0))
        row_start = builder.mul(i, n_factors)
        tile_start = builder.mul(builder.mul(block, n_factors), _long(LANES))
        with cgutils.for_range(builder, n_factors) as loop:
            here = builder.add(row_start, loop.index)
            there = builder.add(tile_start, builder.mul(loop.index, _long(LANES)))
            column = vectors.load(packed, there)
            difference = builder.fsub(vectors.splat(vectors.scalar(rows, here)), column)
            factor = difference if power == 2 else vectors.call("fabs", difference)
            if masked:
                both = builder.fmul(vectors.splat(vectors.scalar(present, here)), vectors.load(weights, there))
                builder.store(builder.fadd(builder.load(shared), both), shared)
                other = builder.fmul(both, factor) if power == 2 else both
                builder.store(vectors.call("fma", other, factor, builder.load(total)), total)
            elif power == 2:
                builder.store(vectors.call("fma", factor, factor, builder.load(total)), total)
            else:
                builder.store(builder.fadd(builder.load(total), factor), total)
        result = builder.load(total)
        if masked:
            result = builder.fdiv(result, builder.load(shared))
        builder.store(builder.fmul(result, vectors.splat(scale)), total)
        with builder.if_then(root):
            builder.store(vectors.call("sqrt", builder.load(total)), total)
        vectors.store(builder.load(total), out, builder.add(builder.mul(o, n_columns), j))
        return context.get_dummy_value()

    @intrinsic
    def tile(typing_context, sides, i, block, out, o, j, scale, root):
        number = types.intp
        return types.void(sides, number, number, out, number, number, types.float64, types.boolean), codegen

    return tile


squares = _distances(2, masked=False)
absolutes = _distances(1, masked=False)
masked_squares = _distances(2, masked=True)
masked_absolutes = _distances(1, masked=True)


# --- k-medoids


@intrinsic
def price_lanes(typing_context, distances, first, nearest, closest, second, weights, shared, own):
    """Price LANES candidates: what each wins beside all medoids, and what it spares each medoid's rows.

    Readable form, for each candidate c = first + l:

        shared[l]  = sum_i weights[i] min(0, distances[i, c] - closest[i])
        own[m, l]  = sum over i with nearest[i] = m of weights[i] min(0, max(distances[i, c], closest[i]) - second[i])

    Swapping medoid m for c then changes the loss by shared[l] + own[m, l] + sum over i with nearest[i] = m of
    weights[i] (second[i] - closest[i]). `own[nearest[i]]` is a whole row, so lanes never meet, which numba's
    vectoriser cannot know.
    """
    signature = types.void(distances, types.intp, nearest, closest, second, weights, shared, own)

    def codegen(context, builder, signature, args):
        distances, (n, columns) = _array(context, builder, signature.args, args, 0)
        nearest, closest, second, weights, shared, own = (
            _array(context, builder, signature.args, args, k)[0] for k in range(2, 8)
        )
        vectors = _Vectors(builder, _DOUBLE)
        zero = vectors.all(0.0)

        def lower(a, b):
            return builder.select(builder.fcmp_ordered("<", a, b), a, b)

        total = vectors.slot(zero)
        with cgutils.for_range(builder, n) as loop:
            i = loop.index
            cells = vectors.load(distances, builder.add(builder.mul(i, columns), args[1]))
            close, weight = vectors.splat(vectors.scalar(closest, i)), vectors.splat(vectors.scalar(weights, i))
            won = lower(builder.fsub(cells, close), zero)
            builder.store(vectors.call("fma", won, weight, builder.load(total)), total)
            farther = builder.select(builder.fcmp_ordered(">", cells, close), cells, close)
            softened = lower(builder.fsub(farther, vectors.splat(vectors.scalar(second, i))), zero)
            row = builder.mul(vectors.scalar(nearest, i), _long(LANES))
            vectors.store(vectors.call("fma", softened, weight, vectors.load(own, row)), own, row)
        vectors.store(builder.load(total), shared, _long(0))
        return context.get_dummy_value()

    return signature, codegen


# --- linkage


@intrinsic
def ward_tile(typing_context, point, weight, tiles, tile_weights, block, limit, cost):
    """Rough cost of joining `point` with each lane of a tile; a bit where it is not above `limit`.

    All in float32. Readable form, for each lane l with the weight v = tile_weights[block, l]:

        q       = min(weight, v) * sum_f (point[f] - tiles[block, f, l])^2
        cost[l] = q * (max(weight, v) / (weight + v))         which is weight v / (weight + v) |difference|^2

    The last factor is at least 1/2: a tile with all q above 2 limit needs no division, answers 0 and leaves
    `cost` alone.
    """
    signature = types.uint64(point, types.float32, tiles, tile_weights, types.intp, types.float32, cost)

    def codegen(context, builder, signature, args):
        vectors = _Vectors(builder, _FLOAT)
        point, (n_factors,) = _array(context, builder, signature.args, args, 0)
        tiles, weights, cost = (_array(context, builder, signature.args, args, k)[0] for k in (2, 3, 6))
        weight, block, limit = args[1], args[4], args[5]
        total = vectors.slot(vectors.all(0.0))
        start = builder.mul(builder.mul(block, n_factors), _long(LANES))
        with cgutils.for_range(builder, n_factors) as loop:
            lane = vectors.load(tiles, builder.add(start, builder.mul(loop.index, _long(LANES))))
            difference = builder.fsub(vectors.splat(vectors.scalar(point, loop.index)), lane)
            builder.store(vectors.call("fma", difference, difference, builder.load(total)), total)
        other = vectors.load(weights, builder.mul(block, _long(LANES)))
        own = vectors.splat(weight)
        lighter = builder.fcmp_ordered("<", own, other)
        scaled = builder.fmul(builder.load(total), builder.select(lighter, own, other))
        answer = cgutils.alloca_once_value(builder, _long(0))
        near = vectors.bits(builder.fcmp_ordered("<=", scaled, vectors.splat(builder.fadd(limit, limit))))
        with builder.if_then(builder.icmp_unsigned("!=", near, _long(0))):
            share = builder.fdiv(builder.select(lighter, other, own), builder.fadd(own, other))
            rough = builder.fmul(scaled, share)
            vectors.store(rough, cost, _long(0))
            builder.store(vectors.bits(builder.fcmp_ordered("<=", rough, vectors.splat(limit))), answer)
        return builder.load(answer)

    return signature, codegen


@intrinsic
def not_above(typing_context, row, start, best):
    """Return a bit for each l with row[start + l] <= best, over LANES cells of a 1-d row."""
    signature = types.uint64(row, types.intp, types.float64)

    def codegen(context, builder, signature, args):
        vectors = _Vectors(builder, _DOUBLE)
        row = _array(context, builder, signature.args, args, 0)[0]
        cells = vectors.load(row, args[1])
        return vectors.bits(builder.fcmp_ordered("<=", cells, vectors.splat(args[2])))

    return signature, codegen
