/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of ledger/ share. */
#ifndef EXHIBIT_TESTS_LEDGER_TESTING_H
#define EXHIBIT_TESTS_LEDGER_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ledger/entry.h"

#define ORIGIN "exhibit-vault/00112233445566778899aabbccddeeff"

/* The call gives this code; an unexpected failure is shown with its text. */
#define assert_code(expected, call)                                                                \
    do {                                                                                           \
        struct ex_error err = {0};                                                                 \
        ex_code got_ = (call);                                                                     \
        if (got_ != (expected))                                                                    \
            fail_msg("%s gives %s (%s), not %s", #call, ex_code_name(got_), err.text,              \
                     ex_code_name(expected));                                                      \
        assert_int_equal(err.code, (expected));                                                    \
    } while (0)

static const int64_t START_NS = 1790000000123456789; /* in September 2026 */

static inline struct sign_key *key_of(uint8_t number) {
    uint8_t seed[SIGN_SEED_BYTES] = {number};
    struct sign_key *key = NULL;
    assert_code(EX_OK, sign_key_from_seed(seed, &key, &err));
    return key;
}

/* An entry signed by session 2, one second after the one before it. */
static inline struct entry make_entry(const char *event, uint64_t index,
                                      const uint8_t tree[static MERKLE_BYTES]) {
    struct entry e = {.index = index, .signer = ENTRY_SIGNER_SESSION, .signer_session = 2};
    memcpy(e.origin, ORIGIN, sizeof ORIGIN);
    memcpy(e.tree, tree, MERKLE_BYTES);
    memcpy(e.event, event, strlen(event));
    e.clock = (struct ex_clock){.utc_ns = START_NS + (int64_t)index * 1000000000,
                                .zone_minutes = 7 * 60,
                                .synchronised = true,
                                .monotonic_ns = 5000000000u + index * 1000000000u,
                                .boot = "0123456789abcdef"};
    return e;
}

#endif
