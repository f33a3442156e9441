/* SPDX-License-Identifier: Apache-2.0 */
/* format/ledger §1, §2: opening and reading. */
#include "ledger/ledger.h"

#include "base/file.h"
#include "ledger/ledger_internal.h"

static const char DIRECTORY[] = "ledger";
static const char CHECKPOINT[] = "checkpoint";

char *ledger_number_text(char to[static LEDGER_NUMBER_MAX], uint64_t n) {
    return tile_number_text(to, n);
}

ex_code ledger_create(int vault_dir_fd, const char *origin, const struct sign_key *vault_key,
                      struct ex_error *err) {
    struct checkpoint head = {0};
    struct merkle_frontier empty;
    struct note_key name;
    EX_AUTO_FREE char *text = NULL;
    EX_AUTO_FREE char *note = NULL;
    size_t text_bytes = 0, note_bytes = 0;
    EX_AUTO_FD int dir_fd = -1;
    EX_TRY(note_key_make(origin, NOTE_TYPE_ED25519, sign_key_public(vault_key), &name, err));
    memcpy(head.origin, name.name, sizeof head.origin);
    merkle_frontier_start(&empty);
    merkle_frontier_root(&empty, head.root);
    EX_TRY(checkpoint_text(&head, &text, &text_bytes, err));
    EX_TRY(note_sign(text, text_bytes, &name, vault_key, &note, &note_bytes, err));
    EX_TRY(ex_open_dir_at(vault_dir_fd, DIRECTORY, true, &dir_fd, err));
    return ex_write_file(dir_fd, CHECKPOINT, note, note_bytes, EX_WRITE_NEW, err);
}

ex_code checkpoint_open(const struct ledger *l, const char *note, size_t size_bytes,
                        struct checkpoint *ret, struct ex_error *err) {
    struct note_verified verified;
    size_t text_bytes = 0, count = 0;
    EX_TRY(note_open(note, size_bytes, &l->key, 1, &text_bytes, &verified, 1, &count, err));
    EX_TRY(checkpoint_parse(note, text_bytes, ret, err));
    if (strcmp(ret->origin, l->key.name) != 0)
        return ex_fail(err, EX_SIGNATURE, "the checkpoint is that of another log, \"%.100s\"",
                       ret->origin);
    return EX_OK;
}

ex_code checkpoint_load(const struct ledger *l, char **ret_note, size_t *ret_bytes,
                        struct checkpoint *ret, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *note = NULL;
    size_t size_bytes = 0;
    struct ex_error why = {0};
    ex_code code = ex_read_file(l->dir_fd, CHECKPOINT, NOTE_BYTES_MAX, &note, &size_bytes, &why);
    if (code != EX_OK)
        return ex_fail(err, code == EX_NOT_FOUND ? EX_MISSING : code,
                       "the checkpoint of the ledger could not be read: %s", why.text);
    code = checkpoint_open(l, (const char *)note, size_bytes, ret, &why);
    if (code != EX_OK)
        return ex_fail(err, code, "\"ledger/%s\": %s", CHECKPOINT, why.text);
    *ret_note = (char *)ex_steal(&note);
    *ret_bytes = size_bytes;
    return EX_OK;
}

static void take_head(struct ledger *l, char *note, size_t note_bytes,
                      const struct checkpoint *head) {
    free(l->note);
    l->note = note;
    l->note_bytes = note_bytes;
    l->head = *head;
    l->tiles.size = head->size;
    l->anchored = false;
}

ex_code ledger_open_to_check(int vault_dir_fd, const struct note_key *vault_key,
                             struct ledger **ret, struct ex_error *err) {
    EX_AUTO(ledger_close) struct ledger *l = ex_new0(struct ledger);
    EX_AUTO_FREE char *note = NULL;
    struct checkpoint head;
    size_t note_bytes = 0;
    l->dir_fd = l->pending.lock_fd = -1;
    l->key = *vault_key;
    EX_TRY(ex_open_dir_at(vault_dir_fd, DIRECTORY, false, &l->dir_fd, err));
    l->tiles.dir_fd = l->dir_fd;
    EX_TRY(checkpoint_load(l, &note, &note_bytes, &head, err));
    take_head(l, ex_steal(&note), note_bytes, &head);
    *ret = ex_steal(&l);
    return EX_OK;
}

ex_code ledger_open(int vault_dir_fd, const struct note_key *vault_key, struct ledger **ret,
                    struct ex_error *err) {
    EX_AUTO(ledger_close) struct ledger *l = NULL;
    EX_TRY(ledger_open_to_check(vault_dir_fd, vault_key, &l, err));
    EX_TRY(ledger_anchor(l, err));
    *ret = ex_steal(&l);
    return EX_OK;
}

void ledger_close(struct ledger *l) {
    if (l == NULL)
        return;
    ledger_abort(l);
    bundle_clear(&l->bundle);
    free(l->note);
    ex_fd_close(l->dir_fd);
    free(l);
}

const char *ledger_origin(const struct ledger *l) {
    return l->head.origin;
}

uint64_t ledger_size(const struct ledger *l) {
    return l->head.size;
}

void ledger_root(const struct ledger *l, uint8_t ret[static MERKLE_BYTES]) {
    memcpy(ret, l->head.root, MERKLE_BYTES);
}

ex_code ledger_anchor(struct ledger *l, struct ex_error *err) {
    uint8_t root[MERKLE_BYTES];
    struct merkle_source source = tiles_source(&l->tiles);
    if (l->anchored)
        return EX_OK;
    EX_TRY(merkle_frontier_load(&source, l->head.size, &l->frontier, err));
    merkle_frontier_root(&l->frontier, root);
    if (memcmp(root, l->head.root, sizeof root) != 0)
        return ex_hint(ex_fail(err, EX_ALTERED,
                               "the last tiles in \"ledger/tile\" do not give the root in the "
                               "checkpoint"),
                       err, "a verification says which file is wrong");
    l->anchored = true;
    return EX_OK;
}

ex_code ledger_prove_growth(struct ledger *l, const struct checkpoint *old, struct ex_error *err) {
    struct merkle_source source = tiles_source(&l->tiles);
    struct merkle_proof proof = {0};
    if (old->size > l->head.size)
        return ex_fail(err, EX_ALTERED, "the ledger had %llu entries, and has %llu now",
                       (unsigned long long)old->size, (unsigned long long)l->head.size);
    if (old->size == 0)
        return EX_OK;
    if (old->size < l->head.size)
        EX_TRY(merkle_consistency_prove(&source, old->size, l->head.size, &proof, err));
    bool same =
        old->size == l->head.size
            ? memcmp(old->root, l->head.root, MERKLE_BYTES) == 0
            : merkle_consistency_verify(old->size, l->head.size, old->root, l->head.root,
                                        (const uint8_t(*)[MERKLE_BYTES])proof.hash, proof.count);
    if (!same)
        return ex_fail(err, EX_ALTERED,
                       "the first %llu entries of the ledger are not those that they were",
                       (unsigned long long)old->size);
    return EX_OK;
}

ex_code ledger_refresh(struct ledger *l, struct ex_error *err) {
    EX_AUTO_FREE char *note = NULL;
    size_t note_bytes = 0;
    struct checkpoint head, old = l->head;
    bool was_anchored = l->anchored;
    EX_TRY(checkpoint_load(l, &note, &note_bytes, &head, err));
    if (note_bytes == l->note_bytes && memcmp(note, l->note, note_bytes) == 0)
        return EX_OK;
    /* On failure the handle stays with the head that it knew to be good. */
    struct merkle_frontier frontier = l->frontier;
    l->head = head;
    l->tiles.size = head.size;
    l->anchored = false;
    ex_code code = ledger_anchor(l, err);
    if (code == EX_OK)
        code = ledger_prove_growth(l, &old, err);
    if (code != EX_OK) {
        l->head = old;
        l->tiles.size = old.size;
        l->frontier = frontier;
        l->anchored = was_anchored;
        return code;
    }
    take_head(l, ex_steal(&note), note_bytes, &head);
    l->anchored = true;
    return EX_OK;
}

ex_code ledger_prove_tile(struct ledger *l, const struct tile *t,
                          const uint8_t (*hash)[MERKLE_BYTES], struct ex_error *err) {
    struct merkle_source source = tiles_source(&l->tiles);
    struct merkle_proof proof = {0};
    const uint8_t(*kept)[MERKLE_BYTES];
    uint64_t first = t->n * TILE_WIDTH;
    char path[TILE_PATH_MAX];
    EX_TRY(tiles_hashes(&l->tiles, t, &kept, err));
    /* The path of the tile's first leaf passes, folded, over every other hash of the tile. */
    EX_TRY(merkle_inclusion_prove(&source, first, l->head.size, &proof, err));
    if (memcmp(kept, hash, (size_t)t->width * MERKLE_BYTES) != 0 ||
        !merkle_inclusion_verify(first, l->head.size, hash[0],
                                 (const uint8_t(*)[MERKLE_BYTES])proof.hash, proof.count,
                                 l->head.root))
        return ex_fail(err, EX_ALTERED, "\"ledger/%s\" is not under the root in the checkpoint",
                       tile_path(path, t));
    return EX_OK;
}

ex_code ledger_load_bundle(struct ledger *l, uint64_t n, struct ex_error *err) {
    struct tile t = tile_at(l->head.size, TILE_ENTRIES, n), hashes = tile_at(l->head.size, 0, n);
    tile_hashes leaf;
    char path[TILE_PATH_MAX];
    if (l->bundle_proved && l->bundle.at.n == n && l->bundle.at.width == t.width)
        return EX_OK;
    l->bundle_proved = false;
    EX_TRY(bundle_read(l->dir_fd, &t, &l->bundle, err));
    for (unsigned i = 0; i < t.width; i++)
        merkle_leaf_hash(l->bundle.data + l->bundle.offset[i], l->bundle.entry_bytes[i], leaf[i]);
    struct ex_error why = {0};
    ex_code code = ledger_prove_tile(l, &hashes, (const uint8_t(*)[MERKLE_BYTES])leaf, &why);
    if (code != EX_OK)
        return ex_fail(err, code, "the entries in \"ledger/%s\" cannot be proved: %s",
                       tile_path(path, &t), why.text);
    l->bundle_proved = true;
    return EX_OK;
}

ex_code ledger_read(struct ledger *l, uint64_t index, uint8_t **ret, size_t *ret_size_bytes,
                    struct ex_error *err) {
    if (index >= l->head.size)
        return ex_fail(err, EX_NOT_FOUND, "there is no entry %llu: the ledger has %llu",
                       (unsigned long long)index, (unsigned long long)l->head.size);
    EX_TRY(ledger_load_bundle(l, index / TILE_WIDTH, err));
    size_t at = (size_t)(index % TILE_WIDTH), size_bytes = l->bundle.entry_bytes[at];
    EX_AUTO_FREE uint8_t *data = NULL;
    EX_TRY(ex_alloc(size_bytes, 1, EX_LIMIT_ENTRY_BYTES, "a ledger entry", &data, err));
    memcpy(data, l->bundle.data + l->bundle.offset[at], size_bytes);
    *ret = ex_steal(&data);
    *ret_size_bytes = size_bytes;
    return EX_OK;
}
