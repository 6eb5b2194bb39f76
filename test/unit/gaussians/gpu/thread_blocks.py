"""What a GPU's blocks of threads do, by threads of the processor: a stand-in for CUDA in tests.

Loops that threads of a GPU share are in a branch that Warp's processor device never compiles. Here
g++ compiles that very text, each of 256 threads being one of the processor, with barriers where
the GPU has them.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from carla_nurec_bridge.gaussians.gpu.response import _LIGHT
from carla_nurec_bridge.gaussians.gpu.walking import _WALK

_CUDA = """
#include <barrier>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>
#define __CUDA_ARCH__ 750
#define __shared__ static
struct Place { int x; };
static thread_local Place threadIdx;
static std::barrier<> block(256);
static std::barrier<>* warps[8];
static unsigned long long told[256];
static void __syncthreads() { block.arrive_and_wait(); }
static int __syncthreads_and(int mine) {
    told[threadIdx.x] = mine != 0;
    __syncthreads();
    int all = 1;
    for (auto one : told) all &= int(one);
    __syncthreads();
    return all;
}
template <class T> static T __shfl_sync(unsigned, T mine, int from) {
    auto& warp = *warps[threadIdx.x / 32];
    std::memcpy(&told[threadIdx.x], &mine, sizeof(T));
    warp.arrive_and_wait();
    T found;
    std::memcpy(&found, &told[threadIdx.x / 32 * 32 + from], sizeof(T));
    warp.arrive_and_wait();
    return found;
}
static unsigned __ballot_sync(unsigned, int mine) {
    auto& warp = *warps[threadIdx.x / 32];
    told[threadIdx.x] = mine != 0;
    warp.arrive_and_wait();
    unsigned found = 0;
    for (int k = 0; k < 32; ++k) found |= unsigned(told[threadIdx.x / 32 * 32 + k]) << k;
    warp.arrive_and_wait();
    return found;
}
static int __popc(unsigned bits) { return __builtin_popcount(bits); }
static int __ffs(unsigned bits) { return __builtin_ffs(int(bits)); }
static float __fdividef(float a, float b) { return a / b; }
#define __expf expf
namespace wp {
template <int N, class T> struct vec_t {
    T c[N];
    T& operator[](int i) { return c[i]; }
    const T& operator[](int i) const { return c[i]; }
};
template <class T> T min(T a, T b) { return a < b ? a : b; }
template <class T> T max(T a, T b) { return a > b ? a : b; }
}
template <class T> struct array { T* data; int shape[2]; };
using vec2 = wp::vec_t<2, float>;
using vec3 = wp::vec_t<3, float>;
using vec4i = wp::vec_t<4, int>;
"""
_FUNCTIONS = """
static wp::vec_t<8, float> pass_through(
    array<unsigned> values, int first, int last, array<float> records, array<int> bodies,
    array<float> origins, array<float> turns, int line, vec3 ray, vec3 start, vec3 apart, float far,
    float begin, float most_squared, float min_alpha, float max_alpha, float min_transmittance) {
%s
}
static int walk(
    vec2 mean, vec3 form, float power, vec4i span, int across, unsigned order, int n,
    long long position, array<unsigned long long> keys, array<unsigned> values, int room) {
%s
}
template <class F> static void on_block(F work) {
    std::vector<std::thread> threads;
    for (auto& warp : warps) warp = new std::barrier<>(32);
    for (int t = 0; t < 256; ++t) threads.emplace_back([=] { threadIdx.x = t; work(t); });
    for (auto& thread : threads) thread.join();
    for (auto warp : warps) delete warp;
}
extern "C" void light_of_block(
    unsigned* values, int first, int last, float* records, int* bodies, float* origins, int owners,
    float* turns, int* lines, vec3* rays, vec3* starts, float far, float* rules, float* found) {
    on_block([=](int t) {
        auto met = pass_through(
            {values}, first, last, {records}, {bodies}, {origins, {0, owners}}, {turns}, lines[t],
            rays[t], starts[t], vec3{}, far, 1.0f, rules[0], rules[1], rules[2], rules[3]);
        std::memcpy(found + 8 * t, &met, sizeof(met));
    });
}
extern "C" void walk_of_block(
    vec2* means, vec3* forms, float* powers, vec4i* spans, int across, unsigned* orders,
    long long* positions, unsigned long long* keys, unsigned* values, int room, int* found) {
    on_block([=](int t) {
        found[t] = walk(means[t], forms[t], powers[t], spans[t], across, orders[t], t, positions[t],
                        {keys}, {values}, room);
    });
}
"""


def compiled(folder: Path) -> ctypes.CDLL:
    """Return the functions of a block; skip the test without a C++ compiler of C++20."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not here")
    source, library = folder / "blocks.cpp", folder / "blocks.so"
    source.write_text(_CUDA + _FUNCTIONS % (_LIGHT, _WALK))
    options = ("-std=c++20", "-O1", "-shared", "-fPIC", "-pthread", "-o", str(library))
    made = subprocess.run([compiler, *options, str(source)], capture_output=True, text=True)
    if "unrecognized command-line option" in made.stderr or "barrier: No such" in made.stderr:
        pytest.skip("this g++ has no barriers of C++20")
    assert made.returncode == 0, made.stderr
    return ctypes.CDLL(str(library))


def pointer(values: np.ndarray[Any, Any]) -> ctypes.c_void_p:
    """Return where an array lies, which must be contiguous; it lives as long."""
    assert values.flags.c_contiguous
    return values.ctypes.data_as(ctypes.c_void_p)
