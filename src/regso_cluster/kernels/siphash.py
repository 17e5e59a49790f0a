"""SipHash-2-4 of many short byte strings with one key.

Source: Aumasson and Bernstein (2012), SipHash: a fast short-input PRF, INDOCRYPT 2012, sections 2 and 4.
"""

from __future__ import annotations

import numpy as np

from regso_cluster.kernels._jit import kernel


@kernel(nogil=True)
def _turned(word, by):
    return (word << np.uint64(by)) | (word >> np.uint64(64 - by))


@kernel(nogil=True)
def _round(a, b, c, d):
    a += b
    c += d
    b = _turned(b, 13) ^ a
    d = _turned(d, 16) ^ c
    a = _turned(a, 32)
    c += b
    a += d
    b = _turned(b, 17) ^ c
    d = _turned(d, 21) ^ a
    return a, b, _turned(c, 32), d


@kernel(nogil=True)
def siphash(data, offsets, key, out):
    """Hash each string of a buffer.

    IN  data (n_bytes,) uint8, all strings one after the other; offsets (n + 1,) int64, where each begins;
        key (2,) uint64
    OUT out (n,) uint64
    Cost: 0.03 microseconds a string of 12 bytes.
    """
    first, second = key[0], key[1]
    for row in range(len(out)):
        begin, end = offsets[row], offsets[row + 1]
        a = first ^ np.uint64(0x736F6D6570736575)
        b = second ^ np.uint64(0x646F72616E646F6D)
        c = first ^ np.uint64(0x6C7967656E657261)
        d = second ^ np.uint64(0x7465646279746573)
        length = end - begin
        whole = length // 8 * 8
        for at in range(begin, begin + whole, 8):
            word = np.uint64(0)
            for byte in range(8):
                word |= np.uint64(data[at + byte]) << np.uint64(8 * byte)
            d ^= word
            a, b, c, d = _round(a, b, c, d)
            a, b, c, d = _round(a, b, c, d)
            a ^= word
        word = np.uint64(length & 255) << np.uint64(56)
        for byte in range(length - whole):
            word |= np.uint64(data[begin + whole + byte]) << np.uint64(8 * byte)
        d ^= word
        a, b, c, d = _round(a, b, c, d)
        a, b, c, d = _round(a, b, c, d)
        a ^= word
        c ^= np.uint64(255)
        for _ in range(4):
            a, b, c, d = _round(a, b, c, d)
        out[row] = a ^ b ^ c ^ d
