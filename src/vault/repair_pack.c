/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a mended copy of a pack in the place of the damaged one. */
#include "vault/check_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Is every byte of what stands under this name now good? */
static ex_code is_sound(struct vault *v, const char *name, const uint8_t *id, bool *ret,
                        struct ex_error *err) {
    EX_AUTO_FREE struct vault_check_report *r = ex_new0(struct vault_check_report);
    struct checker c;
    ex_code code = checker_open(&c, v, r, err);
    c.deep = true;
    if (code == EX_OK)
        code = checker_pack(&c, name, id, err);
    *ret = r->problem_count == 0;
    checker_close(&c);
    vault_check_report_clear(r);
    return code;
}

static ex_code sync_both(struct vault *v, int work_fd, const char *name, struct ex_error *err) {
    char directory[3] = {name[0], name[1], '\0'};
    EX_AUTO_FD int fd = -1;
    EX_TRY(ex_open_at(v->packs_fd, directory, O_RDONLY | O_DIRECTORY, &fd, err));
    EX_TRY(ex_sync_fd(fd, name, err));
    return ex_sync_fd(work_fd, "work", err);
}

/* The two change places in one step, so that there is a pack of this name at every moment. */
static ex_code exchange(struct vault *v, int work_fd, const char *mended, const char *name,
                        struct ex_error *err) {
    if (renameat2(work_fd, mended, v->packs_fd, name, RENAME_EXCHANGE) != 0)
        return ex_fail_sys(err, "could not put the mended pack in its place");
    return sync_both(v, work_fd, name, err);
}

static ex_code put_in_place(struct vault *v, int work_fd, const char *mended, const char *name,
                            const uint8_t *id, bool *ret_mended, struct ex_error *err) {
    bool gone = !vault_has_pack(v, id), sound;
    if (gone) {
        EX_TRY(ex_make_parents(v->packs_fd, name, err));
        EX_TRY(ex_publish(work_fd, mended, v->packs_fd, name, err));
    } else {
        EX_TRY(exchange(v, work_fd, mended, name, err));
    }
    EX_TRY(is_sound(v, name, id, &sound, err));
    if (!sound && gone) /* what there was of it is more than nothing: it stays */
        return EX_OK;
    if (!sound)
        return exchange(v, work_fd, mended, name, err);
    *ret_mended = true;
    return EX_OK;
}

ex_code vault_repair_pack(struct vault *v, const uint8_t pack_id[static VAULT_PACK_ID_BYTES],
                          struct ex_progress *progress, bool *ret_mended, struct ex_error *err) {
    char name[PACK_NAME_BYTES], mended[48];
    struct vault_parity_report report = {0};
    struct ex_error why;
    EX_AUTO_FD int work_fd = -1;
    *ret_mended = false;
    if (vault_is_locked(v))
        return ex_fail(err, EX_DENIED, "the vault is locked");
    pack_name(name, pack_id);
    EX_TRY(ex_open_dir_at(v->dir_fd, "work", true, &work_fd, err));
    (void)snprintf(mended, sizeof mended, ".mended-%08x%08x", randombytes_random(),
                   randombytes_random());
    ex_code code = vault_parity_repair(v, pack_id, work_fd, mended, progress, &report, &why);
    if (code == EX_NOT_FOUND || code == EX_ALTERED)
        return EX_OK;
    if (code != EX_OK && err != NULL)
        *err = why;
    if (code == EX_OK && report.lost_count == 0)
        code = put_in_place(v, work_fd, mended, name, pack_id, ret_mended, err);
    (void)unlinkat(work_fd, mended, 0);
    vault_parity_report_clear(&report);
    return code;
}

/* ---- packs that are gone ---- */

struct gone {
    struct vault *vault;
    uint8_t (*id)[VAULT_PACK_ID_BYTES];
    size_t count, capacity;
    ex_code code;
};

static void note_gone(void *context, const uint8_t id[static VAULT_PACK_ID_BYTES]) {
    struct gone *g = context;
    if (g->code != EX_OK || vault_has_pack(g->vault, id))
        return;
    g->code = ex_grow(&g->id, &g->capacity, g->count + 1, sizeof *g->id, EX_LIMIT_PACK_BYTES,
                      "the list of packs", NULL);
    if (g->code == EX_OK)
        memcpy(g->id[g->count++], id, VAULT_PACK_ID_BYTES);
}

ex_code vault_gone_packs(struct vault *v, uint8_t (**ret)[VAULT_PACK_ID_BYTES], size_t *ret_count,
                         struct ex_error *err) {
    struct gone g = {.vault = v};
    EX_TRY(index_refresh(v->index, err));
    index_each_pack(v->index, note_gone, &g);
    if (g.code != EX_OK) {
        free(g.id);
        return ex_fail(err, g.code, "could not list the packs that are gone");
    }
    *ret = g.id;
    *ret_count = g.count;
    return EX_OK;
}

ex_code vault_forget_packs(struct vault *v, const uint8_t (*id)[VAULT_PACK_ID_BYTES], size_t count,
                           struct ex_error *err) {
    return count > 0 ? index_drop_packs(v->index, id, count, err) : EX_OK;
}
