/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a manifest and as a layout node of each level. A manifest that is understood is
 * written again as it was. */
#include "vault/layout_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);

static void try_manifest(const uint8_t *data, size_t size_bytes) {
    struct vault_object_info o;
    uint8_t id[SHA256_BYTES];
    EX_AUTO_FREE uint8_t *again = NULL;
    size_t again_bytes = 0;
    uint64_t end = 0;
    if (manifest_parse(data, size_bytes, &o, NULL) != EX_OK)
        return;
    memcpy(id, o.id, sizeof id);
    if (manifest_write(&o, &again, &again_bytes, NULL) != EX_OK || again_bytes != size_bytes ||
        memcmp(again, data, size_bytes) != 0 || memcmp(id, o.id, sizeof id) != 0)
        abort();
    for (size_t i = 0; i < o.unreadable_count; i++) {
        if ((i > 0 && o.unreadable[i].offset <= end) || o.unreadable[i].length == 0)
            abort();
        end = o.unreadable[i].offset + o.unreadable[i].length;
    }
    if (end > o.size_bytes)
        abort();
    vault_object_info_clear(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    static struct extent extent[NODE_ENTRIES_MAX];
    unsigned parsed = 0;
    try_manifest(data, size_bytes);
    for (unsigned level = 0; level < LAYOUT_LEVELS; level++) {
        size_t count = 0;
        if (node_parse(data, size_bytes, level, extent, &count, NULL) != EX_OK)
            continue;
        parsed++;
        if (count > NODE_ENTRIES_MAX)
            abort();
        for (size_t i = 0; i < count; i++)
            if (extent[i].length == 0 || (extent[i].kind == EXTENT_NODE) != (level > 0))
                abort();
    }
    if (parsed > 1) /* a node has one level */
        abort();
    return 0;
}
