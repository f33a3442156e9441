/* SPDX-License-Identifier: Apache-2.0 */
/* Packs that are published and not in the index yet. */
#include "vault/vault_internal.h"

#include <fcntl.h>

enum { ADOPT_MERGE_PACKS = 64 };

struct adoption {
    struct vault *vault;
    unsigned packs;
};

/* Packs that a crash left published but not indexed. */
static ex_code adopt_pack(void *context, const char *name,
                          const uint8_t id[static VAULT_PACK_ID_BYTES], struct ex_error *err) {
    struct adoption *a = context;
    struct vault *v = a->vault;
    struct pack_list list;
    EX_AUTO_FD int fd = -1;
    if (index_has_pack(v->index, id))
        return EX_OK;
    if (ex_open_at(v->packs_fd, name, O_RDONLY | O_NONBLOCK, &fd, NULL) != EX_OK ||
        pack_list_read(fd, v, name, &list, NULL) != EX_OK)
        return EX_OK; /* damaged: vault check says so, and nothing new relies on it */
    /* Who renamed it here may have been killed before the name was durable; items will rely on it.
     */
    ex_code code = EX_OK;
    if (memcmp(list.id, id, VAULT_PACK_ID_BYTES) == 0) {
        code = ex_sync_name(v->packs_fd, name, err);
        if (code == EX_OK)
            code = index_publish(v->index, &list, err);
    }
    pack_list_clear(&list);
    if (code == EX_OK && ++a->packs % ADOPT_MERGE_PACKS == 0)
        code = index_merge(v->index, err);
    return code;
}

ex_code vault_adopt_packs(struct vault *v, struct ex_error *err) {
    struct adoption adoption = {.vault = v};
    EX_TRY(index_refresh(v->index, err));
    EX_TRY(pack_each(v, adopt_pack, &adoption, err));
    return index_refresh(v->index, err);
}
