/* SPDX-License-Identifier: Apache-2.0 */
/* What one trace adds to a machine report. */
#include "report/machine_internal.h"

#include <string.h>

const char *const MACHINE_ARCHIVES[] = {"zip", "gzip", "bzip2", "xz",   "zstd", "lz4", "7z",
                                        "rar", "tar",  "cab",   "cpio", "epub", NULL};
const char *const MACHINE_MAILBOXES[] = {"mbox", "pst", "ost", "pab", NULL};

#define ABOUT(part, word)                                                                          \
    { part, word, word, ".attributes.about==\"" word "\"" }
const struct machine_list_about MACHINE_LISTS[LISTS] = {
    [LIST_SYSTEMS] = ABOUT(PART_MACHINE, "operating-system"),
    [LIST_COMPUTERS] = ABOUT(PART_MACHINE, "computer"),
    [LIST_ZONES] = ABOUT(PART_MACHINE, "time-zone"),
    [LIST_NETWORKS] = ABOUT(PART_MACHINE, "network-interface"),
    [LIST_ACCOUNTS] = ABOUT(PART_USERS, "account"),
    [LIST_PROFILES] = ABOUT(PART_USERS, "profile"),
    [LIST_HOMES] = {PART_USERS, "home-folder", NULL, ".kind==\"directory\""},
    [LIST_LOGINS] = ABOUT(PART_USERS, "login"),
    [LIST_WIRELESS] = ABOUT(PART_USERS, "wireless"),
    [LIST_USB] = ABOUT(PART_USERS, "usb-device"),
    [LIST_RECENT] = ABOUT(PART_USERS, "recent"),
    [LIST_AUTOSTART] = ABOUT(PART_USERS, "autostart"),
    [LIST_PROGRAMS] = ABOUT(PART_USERS, "program"),
    [LIST_SERVICES] = ABOUT(PART_USERS, "service"),
    [LIST_VOLUMES] = {PART_DISK, "volume", NULL, ".kind==\"volume\""},
    [LIST_FILE_SYSTEMS] = {PART_DISK, "file-system", NULL, ".kind==\"file-system\""},
    [LIST_ENCRYPTED] = {PART_DISK, "encrypted", NULL, ".error.reason==\"encrypted\""},
    [LIST_MAILBOXES] = {PART_FOUND, "mailbox", NULL, ".type|IN(\"mbox\",\"pst\",\"ost\",\"pab\")"},
    [LIST_POSITIONS] = {PART_FOUND, "position", NULL, ".attributes.\"gps-latitude\""},
    [LIST_NOTABLE] = {PART_FOUND, "notable", NULL, NULL},
};

ex_code machine_new(int64_t collected_s, struct machine **ret, struct ex_error *err) {
    (void)err;
    *ret = ex_new0(struct machine);
    (*ret)->collected_s = collected_s;
    for (size_t i = 0; i < LISTS; i++)
        (*ret)->list[i].has_places = MACHINE_LISTS[i].about != NULL || i == LIST_HOMES;
    return EX_OK;
}

void machine_free(struct machine *m) {
    if (m == NULL)
        return;
    for (size_t i = 0; i < LISTS; i++)
        machine_list_clear(&m->list[i]);
    for (size_t i = 0; i < REASONS; i++)
        for (size_t p = 0; p < MACHINE_PARSERS_MAX; p++)
            machine_list_clear(&m->error[i][p]);
    for (size_t i = 0; i < NOT_HASHED; i++)
        machine_list_clear(&m->not_hashed[i].list);
    for (size_t i = 0; i < WHATS; i++)
        for (size_t gone = 0; gone < 2; gone++) {
            json_decref(m->first[gone][i].row);
            json_decref(m->last[gone][i].row);
        }
    trace_states_clear(&m->states);
    free(m->place);
    free(m->texts);
    free(m);
}

static ex_code list(struct machine *m, enum machine_list_id id, uint64_t number,
                    const struct trace_line *line, struct ex_error *err) {
    return machine_list_add(m, &m->list[id], MACHINE_SHOWN, number, line, err);
}

static size_t parser_of(const struct trace_line *line) {
    return line->parser < MACHINE_PARSERS_MAX ? (size_t)line->parser : MACHINE_PARSERS_MAX - 1;
}

/* ---- counts ---- */

static void count_type(struct machine *m, const struct trace_line *line) {
    const char *word = line->type != NULL && line->type[0] != '\0' ? line->type : "";
    size_t i = 0;
    while (i < m->type_count && strcmp(m->type[i].type, word) != 0)
        i++;
    bool room = i < MACHINE_TYPES_MAX && strlen(word) < sizeof m->type[0].type;
    struct machine_type *t = room ? &m->type[i] : &m->other_types;
    if (room && i == m->type_count) {
        (void)snprintf(t->type, sizeof t->type, "%s", word);
        m->type_count++;
    }
    t->contents++;
    machine_add_bytes(&t->bytes, line->size);
}

static void count_kind(struct machine *m, uint64_t number, const struct trace_line *line) {
    size_t kind = machine_word(trace_line_kinds, line->kind);
    kind = kind < KINDS ? kind : KINDS - 1;
    m->traces++;
    m->kind[kind].by_state[trace_state_of(&m->states, number)]++;
    m->kind[kind].contents += line->has_size ? 1 : 0;
    machine_add_bytes(&m->kind[kind].bytes, line->size);
}

static bool is_kind(const struct trace_line *line, const char *kind) {
    return strcmp(line->kind, kind) == 0;
}

/* Of files and what is in them; not of volumes and space, in which they lie. */
static bool is_content(const struct trace_line *line) {
    return line->has_size && (is_kind(line, "file") || is_kind(line, "stream") ||
                              is_kind(line, "member") || is_kind(line, "link"));
}

static bool is_among(const char *const *words, const char *word) {
    return words[machine_word(words, word)] != NULL;
}

static void count_content(struct machine *m, const struct trace_line *line) {
    if (is_kind(line, "document") && line->size > 0)
        m->documents_with_text++;
    if (!is_content(line))
        return;
    count_type(m, line);
    if (is_among(MACHINE_ARCHIVES, line->type)) {
        m->archives++;
        m->archives_looked_into += line->has_inside ? 1 : 0;
    }
}

/* ---- lists ---- */

static ex_code count_about(struct machine *m, const char *about) {
    size_t i = 0;
    while (i < m->about_count && strcmp(m->about[i].about, about) != 0)
        i++;
    if (i == MACHINE_ABOUTS_MAX || strlen(about) >= sizeof m->about[0].about) {
        m->other_abouts++;
        return EX_OK;
    }
    if (i == m->about_count)
        (void)snprintf(m->about[m->about_count++].about, sizeof m->about[i].about, "%s", about);
    m->about[i].count++;
    return EX_OK;
}

static bool is_key(const struct trace_attribute *a, const char *key) {
    return strlen(key) == a->key_bytes && memcmp(key, a->key, a->key_bytes) == 0;
}

static ex_code add_record(struct machine *m, uint64_t number, const struct trace_line *line,
                          struct ex_error *err) {
    struct trace_attribute a;
    bool latitude = false, longitude = false;
    char about[80] = "";
    size_t at = 0;
    if (line->attributes == NULL)
        return EX_OK;
    EX_TRY(machine_texts(m, line->attributes_bytes, err));
    while (trace_line_attribute(line, &at, m->texts, &a)) {
        latitude = latitude || is_key(&a, "gps-latitude");
        longitude = longitude || is_key(&a, "gps-longitude");
        if (is_key(&a, "about"))
            (void)snprintf(about, sizeof about, "%s", a.value);
    }
    if (latitude && longitude)
        EX_TRY(list(m, LIST_POSITIONS, number, line, err));
    for (size_t i = 0; i < LISTS; i++)
        if (MACHINE_LISTS[i].about != NULL && strcmp(MACHINE_LISTS[i].about, about) == 0)
            return list(m, (enum machine_list_id)i, number, line, err);
    return about[0] != '\0' ? count_about(m, about) : EX_OK;
}

static ex_code add_error(struct machine *m, uint64_t number, const struct trace_line *line,
                         struct ex_error *err) {
    size_t reason = machine_word(trace_line_reasons, line->reason);
    reason = reason < REASONS ? reason : REASONS - 1;
    if (line->reason != NULL && strcmp(line->reason, "encrypted") == 0)
        EX_TRY(list(m, LIST_ENCRYPTED, number, line, err));
    return machine_list_add(m, &m->error[reason][parser_of(line)], MACHINE_SHOWN_OF_A_REASON,
                            number, line, err);
}

static ex_code add_by_kind(struct machine *m, uint64_t number, const struct trace_line *line,
                           struct ex_error *err) {
    if (is_kind(line, "record"))
        return add_record(m, number, line, err);
    if (is_kind(line, "directory"))
        return machine_is_home(m, number) ? list(m, LIST_HOMES, number, line, err) : EX_OK;
    if (is_kind(line, "error"))
        return add_error(m, number, line, err);
    if (is_kind(line, "volume"))
        return list(m, LIST_VOLUMES, number, line, err);
    if (is_kind(line, "space")) {
        m->space[parser_of(line)].count++;
        machine_add_bytes(&m->space[parser_of(line)].bytes, line->size);
    }
    return is_kind(line, "file-system") ? list(m, LIST_FILE_SYSTEMS, number, line, err) : EX_OK;
}

static ex_code add_not_hashed(struct machine *m, uint64_t number, const struct trace_line *line,
                              struct ex_error *err) {
    size_t why = machine_word(trace_line_not_hashed, line->not_hashed);
    why = why < NOT_HASHED ? why : NOT_HASHED - 1;
    /* what lies in a volume is hashed by itself, and space is counted as such */
    bool holds = is_kind(line, "volume") || is_kind(line, "space");
    if (line->not_hashed == NULL || (holds && strcmp(line->not_hashed, "profile") == 0))
        return EX_OK;
    machine_add_bytes(&m->not_hashed[why].bytes, line->size);
    return machine_list_add(m, &m->not_hashed[why].list, MACHINE_SHOWN_OF_A_REASON, number, line,
                            err);
}

ex_code machine_add(struct machine *m, uint64_t number, const struct trace_line *line,
                    struct ex_error *err) {
    EX_TRY(machine_stand(m, number, line, err));
    count_kind(m, number, line);
    count_content(m, line);
    EX_TRY(add_by_kind(m, number, line, err));
    EX_TRY(add_not_hashed(m, number, line, err));
    if (is_content(line) && is_among(MACHINE_MAILBOXES, line->type))
        EX_TRY(list(m, LIST_MAILBOXES, number, line, err));
    return machine_times(m, number, line, err);
}

bool machine_count_notable(struct machine *m, uint64_t number) {
    return machine_list_count(m, &m->list[LIST_NOTABLE], MACHINE_SHOWN, number);
}

ex_code machine_add_notable(struct machine *m, uint64_t number, const struct trace_line *line,
                            struct ex_error *err) {
    return machine_list_append(m, &m->list[LIST_NOTABLE], number, line, err);
}
