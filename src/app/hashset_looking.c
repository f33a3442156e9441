/* SPDX-License-Identifier: Apache-2.0 */
/* The use case of asking the hash sets about hashes: a few, or a list of any length. */
#include "app/hashsets_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>

enum { LIMIT_DEFAULT = 1000, LIMIT_MAX = 100000, BATCH = HASHSET_LOOK_MAX };
enum { SHORT_ID_BYTES = 8 };

struct looking_up {
    struct act *act;
    struct held_sets held;
    uint64_t limit;
    uint8_t (*hash)[HASHSET_HASH_BYTES]; /* that were not asked yet: at most BATCH */
    size_t waiting;
    bool *listed; /* the answers to them, of each set */
    uint64_t asked, found;
    json_t *rows;
    struct hash_list_report list;
    FILE *out; /* where every answer is written; NULL: nowhere */
    bool made_file;
};

static void looking_clear(struct looking_up *l) {
    if (l->out != NULL)
        (void)!fclose(l->out); /* it was flushed, and synced */
    json_decref(l->rows);
    free(l->hash);
    free(l->listed);
    hashsets_clear(&l->held);
}

/* ---- answers ---- */

static bool is_listed(const struct looking_up *l, const bool *listed) {
    return memchr(listed, true, l->held.count * sizeof *listed) != NULL;
}

/* "HASH listed ID,ID" for each, or "HASH not-listed"; "unanswered" instead when a set that might
 * list it cannot answer. */
static ex_code write_answers(struct looking_up *l, struct ex_error *err) {
    const char *none = hashsets_sound(&l->held) ? " not-listed" : " unanswered";
    char hex[2 * HASHSET_HASH_BYTES + 1];
    for (size_t i = 0; i < l->waiting; i++) {
        const bool *listed = l->listed + i * l->held.count;
        const char *between = " listed ";
        fputs(ex_hex(hex, l->hash[i], HASHSET_HASH_BYTES), l->out);
        if (!is_listed(l, listed))
            fputs(none, l->out);
        for (size_t n = 0; n < l->held.count; n++) {
            if (!listed[n])
                continue;
            fputs(between, l->out);
            fputs(ex_hex(hex, l->held.list[n].id, SHORT_ID_BYTES), l->out);
            between = ",";
        }
        putc('\n', l->out);
    }
    return fflush(l->out) == 0
               ? EX_OK
               : ex_fail_sys(err, "could not write \"%s\"", act_flag(l->act, FLAG_OUTPUT));
}

static void add_rows(struct looking_up *l) {
    for (size_t i = 0; i < l->waiting; i++) {
        const bool *listed = l->listed + i * l->held.count;
        l->found += is_listed(l, listed);
        if (json_array_size(l->rows) < l->limit)
            json_array_append_new(
                l->rows, json_pack("{s:o, s:o}", "sha256", json_hex(l->hash[i], HASHSET_HASH_BYTES),
                                   "listed_by", hashsets_listed_json(&l->held, listed)));
    }
}

static ex_code ask(struct looking_up *l, struct ex_error *err) {
    EX_TRY(hashsets_look(&l->held, (const uint8_t(*)[HASHSET_HASH_BYTES])l->hash, l->waiting,
                         l->listed, NULL, err));
    if (l->out != NULL)
        EX_TRY(write_answers(l, err));
    add_rows(l);
    l->asked += l->waiting;
    l->waiting = 0;
    return EX_OK;
}

static ex_code take(void *context, const uint8_t hash[static 32], struct ex_error *err) {
    struct looking_up *l = context;
    memcpy(l->hash[l->waiting++], hash, HASHSET_HASH_BYTES);
    return l->waiting == BATCH ? ask(l, err) : EX_OK;
}

/* ---- questions ---- */

static ex_code take_operands(struct looking_up *l, struct ex_error *err) {
    const struct request *r = l->act->request;
    uint8_t hash[HASHSET_HASH_BYTES];
    for (unsigned i = 0; i < r->operand_count; i++) {
        if (!hash_list_parse(r->operand[i], strlen(r->operand[i]), hash))
            return ex_hint(ex_fail(err, EX_USAGE, "\"%.80s\" is not a SHA-256", r->operand[i]), err,
                           "64 hex digits; sets hold SHA-256 alone, no MD5 and no SHA-1");
        EX_TRY(take(l, hash, err));
    }
    return EX_OK;
}

static ex_code open_output(struct looking_up *l, struct ex_error *err) {
    const char *output = act_flag(l->act, FLAG_OUTPUT);
    int fd = -1;
    if (output == NULL)
        return EX_OK;
    if (strcmp(output, "-") == 0) {
        fd = fcntl(l->act->face->output_fd, F_DUPFD_CLOEXEC, 3);
    } else {
        EX_TRY(ex_open_at(AT_FDCWD, output, O_WRONLY | O_CREAT | O_EXCL, &fd, err));
        l->made_file = true;
    }
    l->out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (l->out == NULL) {
        ex_fd_close(fd);
        return ex_fail_sys(err, "could not open \"%s\"", output);
    }
    (void)__fsetlocking(l->out, FSETLOCKING_BYCALLER); /* one thread, millions of calls */
    return EX_OK;
}

static ex_code check_request(struct looking_up *l, struct ex_error *err) {
    const struct act *act = l->act;
    const char *text = act_flag(act, FLAG_LIMIT);
    l->limit = LIMIT_DEFAULT;
    if ((act->request->operand_count == 0) == !act_has_flag(act, FLAG_LIST))
        return ex_hint(ex_fail(err, EX_USAGE, "say which hashes to look up"), err,
                       "exhibit hashset look HASH…, or --list FILE");
    if (text != NULL &&
        (!ex_parse_decimal(text, strlen(text), &l->limit) || l->limit < 1 || l->limit > LIMIT_MAX))
        return ex_hint(
            ex_fail(err, EX_USAGE, "--limit takes a number from 1 to %d", (int)LIMIT_MAX), err,
            "--output FILE writes every answer");
    return EX_OK;
}

static ex_code prepare(struct looking_up *l, struct ex_error *err) {
    EX_TRY(check_request(l, err));
    EX_TRY(act_check_output(l->act, err));
    EX_TRY(hashsets_load(l->act, &l->held, err));
    if (l->held.count == 0)
        return ex_hint(ex_fail(err, EX_NOT_FOUND, "the vault has no hash set"), err,
                       "exhibit hashset add makes one of lists");
    EX_TRY(act_single(l->act, act_query_json(l->act), NULL, NULL, err));
    EX_TRY(hashsets_open(l->act, &l->held, err));
    EX_TRY(ex_alloc(BATCH, sizeof *l->hash, (size_t)BATCH * sizeof *l->hash, "a look-up", &l->hash,
                    err));
    EX_TRY(
        ex_alloc((size_t)BATCH * l->held.count, 1, (size_t)1 << 32, "a look-up", &l->listed, err));
    l->rows = json_array();
    return open_output(l, err);
}

/* ---- what came of it ---- */

static json_t *result_json(const struct looking_up *l) {
    json_t *sets = hashsets_json(&l->held), *places = json_array();
    for (size_t n = 0; n < l->held.count; n++) {
        json_t *one = json_array_get(sets, n);
        json_object_del(one, "sources");
        json_object_set_new(one, "asked", json_number(l->held.list[n].asked));
        json_object_set_new(one, "listed", json_number(l->held.list[n].listed));
    }
    for (size_t i = 0; i < HASH_LIST_PLACES && i < l->list.unread; i++)
        json_array_append_new(places, json_number(l->list.place[i]));
    json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}", "sets", sets,
                             "entries_lost", json_number(l->held.entries_lost), "asked",
                             json_number(l->asked), "listed", json_number(l->found), "unread_lines",
                             json_number(l->list.unread), "unread_first", places, "left_out",
                             json_number(l->asked - json_array_size(l->rows)), "hashes", l->rows);
    if (act_has_flag(l->act, FLAG_OUTPUT))
        json_set_text(json, "output", act_flag(l->act, FLAG_OUTPUT));
    return json;
}

static ex_code look(struct looking_up *l, struct ex_error *err) {
    struct act *act = l->act;
    EX_TRY(prepare(l, err));
    EX_TRY(take_operands(l, err));
    if (act_has_flag(act, FLAG_LIST))
        EX_TRY(hashset_read_list(act_flag(act, FLAG_LIST), take, l, act->face->progress, &l->list,
                                 err));
    EX_TRY(ask(l, err));
    if (l->made_file)
        EX_TRY(ex_sync_fd(fileno(l->out), act_flag(act, FLAG_OUTPUT), err));
    act->verdict = !hashsets_sound(&l->held) ? EX_ALTERED
                   : l->list.unread > 0      ? EX_PARTIAL
                   : l->found == 0           ? EX_NOT_FOUND
                                             : EX_OK;
    return EX_OK;
}

ex_code app_hashset_look(struct act *act, json_t **ret_result, struct ex_error *err) {
    struct looking_up l = {.act = act};
    ex_code code = look(&l, err);
    if (code == EX_OK)
        *ret_result = result_json(&l);
    else if (l.made_file)
        (void)ex_remove(AT_FDCWD, act_flag(act, FLAG_OUTPUT), false); /* half of them are none */
    looking_clear(&l);
    return code;
}
