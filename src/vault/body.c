/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger bodies as files of one record: format/vault §3.5. */
#include "vault/sealed_internal.h"

#include <sodium.h>
#include <stdio.h>

enum { BODY_NAME_BYTES = 64, BODY_WHAT_BYTES = 48 };

/* ledger/body/ and the index in the groups of three that C2SP tlog-tiles uses. */
static void body_name(char to[static BODY_NAME_BYTES], uint64_t index) {
    char groups[32] = "";
    for (bool last = true; last || index > 0; last = false, index /= 1000) {
        char longer[sizeof groups];
        (void)snprintf(longer, sizeof longer, "%s%03u%s%.24s", last ? "" : "x",
                       (unsigned)(index % 1000), last ? "" : "/", groups);
        memcpy(groups, longer, sizeof groups);
    }
    (void)snprintf(to, BODY_NAME_BYTES, "ledger/body/%s", groups);
}

static struct sealed_kind body_kind(uint64_t index, char what[static BODY_WHAT_BYTES]) {
    (void)snprintf(what, BODY_WHAT_BYTES, "the body of entry %llu", (unsigned long long)index);
    return (struct sealed_kind){
        .pack = PACK_BODY, .record = RECORD_BODY, .limit_bytes = EX_LIMIT_BODY_BYTES, .what = what};
}

ex_code vault_body_write(struct vault *v, uint64_t index, const uint8_t *data, size_t size_bytes,
                         struct ex_error *err) {
    char name[BODY_NAME_BYTES], what[BODY_WHAT_BYTES];
    const struct sealed_kind kind = body_kind(index, what);
    body_name(name, index);
    return sealed_write(v, name, &kind, data, size_bytes, err);
}

void vault_body_discard(struct vault *v, uint64_t index) {
    char name[BODY_NAME_BYTES];
    body_name(name, index);
    (void)ex_remove(v->dir_fd, name, false);
}

ex_code vault_body_set_aside(struct vault *v, uint64_t index, uint64_t *ret_count,
                             struct ex_error *err) {
    char from[BODY_NAME_BYTES], to[BODY_NAME_BYTES + 32];
    bool regular;
    *ret_count = 0;
    for (;; index++, ++*ret_count) {
        body_name(from, index);
        if (!ex_exists(v->dir_fd, from, &regular))
            return EX_OK;
        (void)snprintf(to, sizeof to, "ledger/beyond/%llu-%08x", (unsigned long long)index,
                       randombytes_random());
        EX_TRY(ex_make_parents(v->dir_fd, to, err));
        EX_TRY(ex_publish(v->dir_fd, from, v->dir_fd, to, err));
    }
}

ex_code vault_body_read(struct vault *v, uint64_t index, uint8_t **ret, size_t *ret_size_bytes,
                        struct ex_error *err) {
    char name[BODY_NAME_BYTES], what[BODY_WHAT_BYTES];
    const struct sealed_kind kind = body_kind(index, what);
    body_name(name, index);
    ex_code code = sealed_read(v, name, &kind, ret, ret_size_bytes, err);
    return code == EX_NOT_FOUND ? ex_fail(err, EX_MISSING, "%s is gone", what) : code;
}
