"""All numba code: arrays in, arrays filled, nothing else. Kernels know nobody."""
