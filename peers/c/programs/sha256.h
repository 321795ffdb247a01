/* SHA-256 of FIPS 180-4, for digests of what the suite does not want in full. */
#ifndef GD_SHA256_H
#define GD_SHA256_H

#include <stdint.h>
#include <string.h>

static inline uint32_t sha256__turn(uint32_t word, int count) {
    return (word >> count) | (word << (32 - count));
}

static inline void sha256__block(uint32_t state[8], const uint8_t *block) {
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t words[64], held[8];
    int at;
    for (at = 0; at < 16; at++) {
        words[at] =
            (uint32_t)block[4 * at] << 24 | (uint32_t)block[4 * at + 1] << 16 | (uint32_t)block[4 * at + 2] << 8 | block[4 * at + 3];
    }
    for (at = 16; at < 64; at++) {
        uint32_t early = words[at - 15], late = words[at - 2];
        words[at] = words[at - 16] + words[at - 7] + (sha256__turn(early, 7) ^ sha256__turn(early, 18) ^ (early >> 3)) + (sha256__turn(late, 17) ^ sha256__turn(late, 19) ^ (late >> 10));
    }
    memcpy(held, state, sizeof held);
    for (at = 0; at < 64; at++) {
        uint32_t first = held[7] + (sha256__turn(held[4], 6) ^ sha256__turn(held[4], 11) ^ sha256__turn(held[4], 25)) + ((held[4] & held[5]) ^ (~held[4] & held[6])) + constants[at] + words[at];
        uint32_t second = (sha256__turn(held[0], 2) ^ sha256__turn(held[0], 13) ^ sha256__turn(held[0], 22)) + ((held[0] & held[1]) ^ (held[0] & held[2]) ^ (held[1] & held[2]));
        memmove(held + 1, held, 7 * sizeof held[0]);
        held[4] += first;
        held[0] = first + second;
    }
    for (at = 0; at < 8; at++) {
        state[at] += held[at];
    }
}

static inline void sha256(const uint8_t *bytes, size_t size, uint8_t digest[32]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
        0x1f83d9ab, 0x5be0cd19};
    uint8_t last[128] = {0};
    uint64_t bits = (uint64_t)size * 8;
    size_t left = size % 64, padded = left < 56 ? 64 : 128;
    int at;
    for (; size >= 64; size -= 64, bytes += 64) {
        sha256__block(state, bytes);
    }
    if (left > 0) {
        memcpy(last, bytes, left);
    }
    last[left] = 0x80;
    for (at = 0; at < 8; at++) {
        last[padded - 1 - (size_t)at] = (uint8_t)(bits >> (8 * at));
    }
    for (left = 0; left < padded; left += 64) {
        sha256__block(state, last + left);
    }
    for (at = 0; at < 32; at++) {
        digest[at] = (uint8_t)(state[at / 4] >> (24 - 8 * (at % 4)));
    }
}

#endif
