/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of the log that was cosigned (docs/format/ledger.md §8.2): is the answer a good
 * cosignature, by a cosigner that is known, over a checkpoint that this ledger continues? Then the
 * cosigned checkpoint is kept in an entry. */
#include "app/cosign_internal.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>

enum {
    COSIGNERS_MAX = 256,   /* that one ledger knows */
    SIZES_TRIED = 1 << 16, /* of the ledger, newest first, for an answer that names none */
    RECEIVED_BYTES_MAX = 1 << 28
};

/* A note that was kept before. */
struct received {
    uint64_t entry;
    uint8_t sha256[SHA256_BYTES];
};

struct receiving {
    struct note_key cosigner[COSIGNERS_MAX];
    size_t cosigner_count;
    struct received *received;
    size_t received_count, received_capacity;
    uint8_t (*root)[MERKLE_BYTES]; /* of the ledger of n entries at n modulo SIZES_TRIED */
    uint8_t *file;                 /* what was given */
    const char *lines;             /* the signature lines of it */
    size_t file_bytes, lines_bytes;
    struct checkpoint head; /* what was cosigned */
    char *text;             /* its text */
    size_t text_bytes;
    char *note; /* what is kept */
    json_t *cosigners;
    uint64_t again; /* an entry that keeps the same; 0: none */
};

static void receiving_clear(struct receiving *r) {
    free(r->received);
    free(r->root);
    free(r->file);
    free(r->text);
    free(r->note);
    json_decref(r->cosigners);
}

static void hash_note(const char *note, uint8_t ret[static SHA256_BYTES]) {
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, note, strlen(note));
    sha256_end(&h, ret);
}

/* ---- which cosigners are known ---- */

/* EX_SIGNATURE: another key of this name is known already. */
static ex_code add_cosigner(struct receiving *r, const struct note_key *key, struct ex_error *err) {
    for (size_t i = 0; i < r->cosigner_count; i++) {
        if (strcmp(r->cosigner[i].name, key->name) != 0)
            continue;
        if (memcmp(r->cosigner[i].public_key, key->public_key, SIGN_PUBLIC_BYTES) == 0)
            return EX_OK;
        return ex_hint(ex_fail(err, EX_SIGNATURE,
                               "the key given is not the one by which this ledger knows the "
                               "cosigner \"%.100s\"",
                               key->name),
                       err, "a cosigner keeps its key; with another key it is another cosigner");
    }
    if (r->cosigner_count == COSIGNERS_MAX)
        return ex_fail(err, EX_LIMIT, "this ledger knows %d cosigners, and takes no more",
                       COSIGNERS_MAX);
    r->cosigner[r->cosigner_count++] = *key;
    return EX_OK;
}

static ex_code learn(struct receiving *r, const struct entry *e, json_t *what,
                     struct ex_error *err) {
    const char *note = json_string_value(json_object_get(what, "note"));
    json_t *one;
    size_t n;
    if (note == NULL)
        return EX_OK;
    EX_TRY(ex_grow(&r->received, &r->received_capacity, r->received_count + 1, sizeof *r->received,
                   RECEIVED_BYTES_MAX, "the list of cosignatures", err));
    r->received[r->received_count].entry = e->index;
    hash_note(note, r->received[r->received_count++].sha256);
    json_array_foreach(json_object_get(what, "cosigners"), n, one) {
        const char *vkey = json_string_value(json_object_get(one, "key"));
        struct note_key key;
        if (vkey != NULL && note_key_parse(vkey, &key, NULL) == EX_OK)
            EX_TRY(add_cosigner(r, &key, err));
    }
    return EX_OK;
}

static ex_code each(struct act *act, const struct entry *e, void *context, struct ex_error *err) {
    struct receiving *r = context;
    json_t *what = NULL;
    memcpy(r->root[e->index % SIZES_TRIED], e->tree, MERKLE_BYTES);
    if (strcmp(e->event, "cosigned.receive") != 0 || strcmp(e->result, "done") != 0)
        return EX_OK;
    /* One that is damaged is a verification's business; its cosigner is then asked for again. */
    if (project_section(act, e, "what", &what, NULL) != EX_OK || what == NULL)
        return EX_OK;
    ex_code code = learn(r, e, what, err);
    json_decref(what);
    return code;
}

static ex_code find_cosigners(struct act *act, struct receiving *r, struct ex_error *err) {
    const char *given = act_flag(act, FLAG_KEY);
    struct note_key key;
    EX_TRY(scan_ledger(act, each, r, err));
    ledger_root(act->ledger, r->root[ledger_size(act->ledger) % SIZES_TRIED]);
    if (given == NULL)
        return EX_OK;
    EX_TRY(cosign_key(given, NOTE_TYPE_COSIGNATURE, &key, err));
    if (strcmp(key.name, ledger_origin(act->ledger)) == 0)
        return ex_fail(err, EX_USAGE, "a vault cannot be cosigned by itself");
    return add_cosigner(r, &key, err);
}

/* ---- which checkpoint was cosigned ---- */

/* Text, an empty line, lines. The caller frees. */
static ex_code join(const char *text, size_t text_bytes, const char *lines, size_t lines_bytes,
                    char **ret, size_t *ret_bytes, struct ex_error *err) {
    EX_AUTO_FREE char *note = NULL;
    size_t size = text_bytes + 1 + lines_bytes;
    EX_TRY(ex_alloc(size + 1, 1, NOTE_BYTES_MAX + 1, "a cosigned checkpoint", &note, err));
    memcpy(note, text, text_bytes);
    note[text_bytes] = '\n';
    memcpy(note + text_bytes + 1, lines, lines_bytes);
    *ret = ex_steal(&note);
    *ret_bytes = size;
    return EX_OK;
}

/* Do these lines verify over this text? Counts those that do. */
static ex_code open_lines(const struct receiving *r, const char *text, size_t text_bytes,
                          const char *lines, size_t lines_bytes, struct note_verified *ret,
                          size_t max, size_t *ret_count, struct ex_error *err) {
    EX_AUTO_FREE char *note = NULL;
    size_t size;
    EX_TRY(join(text, text_bytes, lines, lines_bytes, &note, &size, err));
    return note_open(note, size, r->cosigner, r->cosigner_count, &text_bytes, ret, max, ret_count,
                     err);
}

static ex_code take_text(struct receiving *r, const struct checkpoint *head, struct ex_error *err) {
    free(ex_steal(&r->text));
    r->head = *head;
    return checkpoint_text(head, &r->text, &r->text_bytes, err);
}

/* A checkpoint that came with its signatures: it must be one that this ledger could have written.
 */
static ex_code take_checkpoint(struct act *act, struct receiving *r, size_t text_bytes,
                               struct ex_error *err) {
    struct checkpoint head;
    EX_TRY(checkpoint_parse((const char *)r->file, text_bytes, &head, err));
    if (strcmp(head.origin, ledger_origin(act->ledger)) != 0)
        return ex_fail(err, EX_SIGNATURE, "what was cosigned is another ledger, \"%.100s\"",
                       head.origin);
    EX_TRY(take_text(r, &head, err));
    if (r->text_bytes != text_bytes || memcmp(r->text, r->file, text_bytes) != 0)
        return ex_fail(err, EX_FORMAT, "what was cosigned is not a checkpoint of this ledger");
    return EX_OK;
}

/* The answer does not say what it is about: the sizes of the ledger, newest first. */
static ex_code search(struct act *act, struct receiving *r, struct ex_error *err) {
    uint64_t size = ledger_size(act->ledger);
    uint64_t tried = size < SIZES_TRIED ? size + 1 : SIZES_TRIED;
    struct checkpoint head = {0};
    (void)snprintf(head.origin, sizeof head.origin, "%s", ledger_origin(act->ledger));
    for (uint64_t i = 0; i < tried; i++) {
        size_t count;
        head.size = size - i;
        memcpy(head.root, r->root[head.size % SIZES_TRIED], MERKLE_BYTES);
        EX_TRY(take_text(r, &head, err));
        ex_code code =
            open_lines(r, r->text, r->text_bytes, r->lines, r->lines_bytes, NULL, 0, &count, err);
        if (code != EX_SIGNATURE)
            return code;
    }
    return ex_hint(
        ex_fail(err, EX_SIGNATURE,
                "the cosignature is over no checkpoint of this ledger (its last %" PRIu64
                " sizes were tried)",
                tried),
        err,
        "it is changed, or of another ledger; an older one is taken with its checkpoint: "
        "checkpoint, empty line, answer");
}

static ex_code read_answer(struct act *act, struct receiving *r, struct ex_error *err) {
    size_t known = 0;
    EX_TRY(ex_read_file(AT_FDCWD, act->request->operand[0], NOTE_BYTES_MAX, &r->file,
                        &r->file_bytes, err));
    size_t text_bytes = note_split((const char *)r->file, r->file_bytes);
    size_t skip = text_bytes > 0 ? text_bytes + 1 : 0;
    r->lines = (const char *)r->file + skip;
    r->lines_bytes = r->file_bytes - skip;
    if (note_count_known(r->lines, r->lines_bytes, r->cosigner, r->cosigner_count, &known, err) !=
        EX_OK)
        return ex_hint(ex_fail(err, EX_FORMAT, "this is not the answer of a cosigner"), err,
                       "exhibit cosign gives one; it begins with a long dash and the cosigner's "
                       "name");
    if (known == 0)
        return ex_hint(
            ex_fail(err, EX_NOT_FOUND, "no cosigner that this ledger knows gave this answer"), err,
            "the first time, give the key of the cosigner as on paper: --key VKEY");
    if (text_bytes == 0)
        return search(act, r, err);
    EX_TRY(take_checkpoint(act, r, text_bytes, err));
    return open_lines(r, r->text, r->text_bytes, r->lines, r->lines_bytes, NULL, 0, &known, err);
}

/* ---- what is kept ---- */

static void note_cosigner(struct receiving *r, const struct note_verified *v) {
    char vkey[NOTE_VKEY_MAX];
    json_array_append_new(r->cosigners, json_pack("{s:s, s:s, s:o}", "name", v->key->name, "key",
                                                  note_key_text(v->key, vkey), "time",
                                                  json_time((int64_t)v->cosign_time * 1000000000)));
}

/* The time of a cosignature as nanoseconds must fit: until 2262. */
static bool sensible(const struct note_verified *v) {
    return v->cosign_time > 0 && v->cosign_time < INT64_MAX / 1000000000;
}

/* The lines that verify, and no others, behind the signature of this log. */
static ex_code keep_lines(struct receiving *r, const char *note, size_t note_bytes,
                          struct ex_error *err) {
    EX_AUTO_FREE char *kept = NULL;
    size_t used = note_bytes, begin = 0;
    EX_TRY(ex_alloc(note_bytes + r->lines_bytes + 1, 1, 2 * NOTE_BYTES_MAX, "a cosigned checkpoint",
                    &kept, err));
    memcpy(kept, note, note_bytes);
    for (size_t i = 0; i < r->lines_bytes; i++) {
        struct note_verified v;
        size_t count = 0;
        if (r->lines[i] != '\n')
            continue;
        const char *line = r->lines + begin;
        size_t bytes = i + 1 - begin;
        begin = i + 1;
        if (open_lines(r, r->text, r->text_bytes, line, bytes, &v, 1, &count, NULL) != EX_OK ||
            count == 0 || !sensible(&v))
            continue;
        memcpy(kept + used, line, bytes);
        used += bytes;
        note_cosigner(r, &v);
    }
    if (used > NOTE_BYTES_MAX)
        return ex_fail(err, EX_LIMIT,
                       "the cosigned checkpoint is larger than its limit of %d bytes",
                       NOTE_BYTES_MAX);
    r->note = ex_steal(&kept);
    return json_array_size(r->cosigners) > 0
               ? EX_OK
               : ex_fail(err, EX_FORMAT, "the cosignature has no sensible time");
}

static ex_code make_note(struct act *act, struct receiving *r, struct ex_error *err) {
    const struct vault_config *config = vault_config(act->vault);
    EX_AUTO_FREE char *note = NULL;
    uint8_t hash[SHA256_BYTES];
    size_t bytes;
    EX_TRY(ledger_continues_tree(act->ledger, &r->head, err));
    /* The same signature that the checkpoint had when it was the head. */
    EX_TRY(note_sign(r->text, r->text_bytes, &config->key, act->vault_key, &note, &bytes, err));
    EX_TRY(keep_lines(r, note, bytes, err));
    hash_note(r->note, hash);
    for (size_t i = 0; i < r->received_count && r->again == 0; i++)
        if (memcmp(r->received[i].sha256, hash, sizeof hash) == 0)
            r->again = r->received[i].entry;
    return EX_OK;
}

static json_t *what_json(const struct receiving *r) {
    return json_pack("{s:o, s:o, s:s, s:O, s:o}", "size", json_number(r->head.size), "root",
                     json_hex(r->head.root, MERKLE_BYTES), "note", r->note, "cosigners",
                     r->cosigners, "again", r->again > 0 ? json_number(r->again) : json_null());
}

static ex_code receive(struct act *act, struct receiving *r, json_t **ret_result,
                       struct ex_error *err) {
    EX_TRY(act_check_output(act, err));
    EX_TRY(ex_alloc(SIZES_TRIED, MERKLE_BYTES, (size_t)SIZES_TRIED * MERKLE_BYTES,
                    "the sizes of the ledger", &r->root, err));
    EX_TRY(find_cosigners(act, r, err));
    EX_TRY(read_answer(act, r, err));
    EX_TRY(make_note(act, r, err));
    EX_TRY(act_single(act, what_json(r), NULL, NULL, err));
    EX_TRY(cosign_write_output(act, r->note, err));
    json_t *json = what_json(r);
    json_object_set_new(json, "entries_since",
                        json_number(ledger_size(act->ledger) - r->head.size));
    json_object_set_new(json, "output", cosign_output_json(act));
    *ret_result = json;
    return EX_OK;
}

ex_code app_ledger_cosigned(struct act *act, json_t **ret_result, struct ex_error *err) {
    EX_AUTO_FREE struct receiving *r = ex_new0(struct receiving);
    r->cosigners = json_array();
    ex_code code = receive(act, r, ret_result, err);
    receiving_clear(r);
    return code;
}
