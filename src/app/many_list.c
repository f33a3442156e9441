/* SPDX-License-Identifier: Apache-2.0 */
/* Which sources a run collects. All of it is checked before anything begins: an officer who learns
 * in the evening that line 7 was wrong in the morning has lost a day. */
#include "app/many_internal.h"

#include "base/cursor.h"
#include "base/file.h"

#include <fcntl.h>

static const struct {
    const char *name;
    bool needed;
} columns[MANY_COLUMNS] = {
    [MANY_SOURCE] = {"source", true},
    [MANY_LABEL] = {"label", true},
    [MANY_CASE] = {"case", false},
    [MANY_REASON] = {"reason", false},
    [MANY_LEGAL_BASIS] = {"legal_basis", false},
};

static const char KNOWN_COLUMNS[] =
    "the columns are source,label and, if wanted, case,reason,legal_basis";

static const char *queue_name(const struct many *m) {
    return act_flag(m->act, FLAG_QUEUE);
}

static ex_code fail_field(const struct many *m, const struct csv_field *f, const char *why,
                          struct ex_error *err) {
    return ex_fail(err, EX_USAGE, "\"%.80s\", line %u, column %u: %s", queue_name(m), f->line,
                   f->column, why);
}

/* ---- the queue file ---- */

static int column_named(const char *name) {
    int i = 0;
    while (i < MANY_COLUMNS && strcmp(columns[i].name, name) != 0)
        i++;
    return i;
}

/* ret[which] is where that column stands, field_count: nowhere. */
static ex_code read_header(const struct many *m, size_t ret[static MANY_COLUMNS],
                           struct ex_error *err) {
    for (size_t i = 0; i < MANY_COLUMNS; i++)
        ret[i] = m->csv.field_count;
    for (size_t i = 0; i < m->csv.field_count; i++) {
        const struct csv_field *f = csv_at(&m->csv, 0, i);
        int which = column_named(f->text);
        if (m->csv.field_count == 1 && strchr(f->text, ';') != NULL)
            return ex_hint(fail_field(m, f, "semicolons between the columns", err), err,
                           "put commas there; a spreadsheet asks which when it saves as CSV");
        if (which == MANY_COLUMNS)
            return ex_hint(fail_field(m, f, "there is no such column", err), err, "%s",
                           KNOWN_COLUMNS);
        if (ret[which] < m->csv.field_count)
            return fail_field(m, f, "this column is there twice", err);
        ret[which] = i;
    }
    for (size_t i = 0; i < MANY_COLUMNS; i++)
        if (columns[i].needed && ret[i] == m->csv.field_count)
            return ex_hint(ex_fail(err, EX_USAGE,
                                   "\"%.100s\", line %u: the column \"%s\" is missing",
                                   queue_name(m), csv_at(&m->csv, 0, 0)->line, columns[i].name),
                           err, "%s", KNOWN_COLUMNS);
    return EX_OK;
}

static ex_code read_line(struct many *m, size_t row, const size_t at[static MANY_COLUMNS],
                         struct ex_error *err) {
    struct many_source *s = &m->source[m->count++];
    s->text[MANY_CASE] = act_flag(m->act, FLAG_CASE);
    s->text[MANY_REASON] = act_flag(m->act, FLAG_REASON);
    s->text[MANY_LEGAL_BASIS] = act_flag(m->act, FLAG_LEGAL_BASIS);
    for (size_t i = 0; i < MANY_COLUMNS; i++) {
        if (at[i] == m->csv.field_count)
            continue;
        const struct csv_field *f = s->place[i] = csv_at(&m->csv, row, at[i]);
        if (f->text[0] != '\0')
            s->text[i] = f->text;
        else if (columns[i].needed)
            return fail_field(m, f, i == MANY_SOURCE ? "no source" : "no label", err);
    }
    const struct csv_field *f = s->place[s->place[MANY_CASE] != NULL ? MANY_CASE : MANY_SOURCE];
    if (s->text[MANY_CASE] == NULL)
        return ex_hint(fail_field(m, f, "no case", err), err,
                       "add a column \"case\", or use --case N for those without one");
    return EX_OK;
}

static ex_code note_file(struct many *m, const uint8_t *data, size_t size) {
    struct sha256 h;
    uint8_t hash[SHA256_BYTES];
    sha256_start(&h);
    sha256_add(&h, data, size);
    sha256_end(&h, hash);
    m->queue = json_pack("{s:o}", "sha256", json_hex(hash, sizeof hash));
    json_set_text(m->queue, "path", queue_name(m));
    return EX_OK;
}

static ex_code read_queue(struct many *m, struct ex_error *err) {
    EX_AUTO_FREE uint8_t *data = NULL;
    size_t size, at[MANY_COLUMNS];
    EX_TRY(ex_read_file(AT_FDCWD, queue_name(m), CSV_BYTES_MAX, &data, &size, err));
    ex_code code = csv_parse(queue_name(m), data, size, &m->csv, err);
    if (code == EX_FORMAT && err != NULL) /* what somebody typed, and no evidence */
        return ex_hint(err->code = EX_USAGE, err,
                       "nothing was begun; a text with commas or quotes is put in quotes");
    EX_TRY(code);
    EX_TRY(note_file(m, data, size));
    EX_TRY(read_header(m, at, err));
    if (m->csv.row_count - 1 > OPERANDS_MAX)
        return ex_fail(err, EX_LIMIT, "\"%.100s\" has more than %d sources", queue_name(m),
                       OPERANDS_MAX);
    if (m->csv.row_count == 1)
        return ex_fail(err, EX_USAGE, "\"%.100s\" names no source", queue_name(m));
    for (size_t row = 1; row < m->csv.row_count; row++)
        EX_TRY(read_line(m, row, at, err));
    return EX_OK;
}

static void take_operands(struct many *m) {
    struct act *act = m->act;
    for (unsigned i = 0; i < act->request->operand_count; i++) {
        struct many_source *s = &m->source[m->count++];
        s->text[MANY_SOURCE] = act->request->operand[i];
        s->text[MANY_CASE] = act_flag(act, FLAG_CASE);
        s->text[MANY_REASON] = act_flag(act, FLAG_REASON);
        s->text[MANY_LEGAL_BASIS] = act_flag(act, FLAG_LEGAL_BASIS);
    }
}

/* ---- do they make sense together ---- */

static ex_code fail_source(const struct many *m, const struct many_source *s,
                           enum many_column which, ex_code code, const char *why,
                           struct ex_error *err) {
    if (!many_is_listed(s))
        return ex_fail(err, code, "\"%.100s\": %s", s->text[MANY_SOURCE], why);
    (void)fail_field(m, s->place[s->place[which] != NULL ? which : MANY_SOURCE], why, err);
    if (err != NULL)
        err->code = code;
    return code;
}

static bool same_text(const struct many_source *a, const struct many_source *b,
                      enum many_column which) {
    return a->text[which] != NULL && b->text[which] != NULL &&
           strcmp(a->text[which], b->text[which]) == 0;
}

static ex_code check_pair(const struct many *m, const struct many_source *s,
                          const struct many_source *before, struct ex_error *err) {
    bool label = same_text(s, before, MANY_LABEL) && same_text(s, before, MANY_CASE);
    char why[80];
    if (!same_text(s, before, MANY_SOURCE) && !label)
        return EX_OK;
    if (!many_is_listed(before))
        return fail_source(m, s, MANY_SOURCE, EX_USAGE, "this source is named twice", err);
    (void)snprintf(why, sizeof why, "this %s is in line %u already", label ? "label" : "source",
                   before->place[MANY_SOURCE]->line);
    return fail_source(m, s, label ? MANY_LABEL : MANY_SOURCE, EX_USAGE, why, err);
}

static ex_code check_case(const struct many *m, const struct truth *t, const struct many_source *s,
                          struct ex_error *err) {
    char why[160];
    if (truth_case(t, s->text[MANY_CASE]) != NULL)
        return EX_OK;
    (void)snprintf(why, sizeof why, "there is no case \"%.100s\"", s->text[MANY_CASE]);
    return ex_hint(fail_source(m, s, MANY_CASE, EX_NOT_FOUND, why, err), err,
                   "open it first: exhibit case new --number N --title T");
}

static ex_code check_sources(const struct many *m, struct ex_error *err) {
    struct truth t = {0};
    ex_code code = truth_load(m->act, &t, err);
    for (size_t i = 0; code == EX_OK && i < m->count; i++) {
        code = check_case(m, &t, &m->source[i], err);
        for (size_t j = 0; code == EX_OK && j < i; j++)
            code = check_pair(m, &m->source[i], &m->source[j], err);
    }
    truth_clear(&t);
    return code;
}

/* ---- work that was cut off ---- */

static bool is_text(json_t *object, const char *key, const char *text) {
    json_t *now = json_object();
    char coded[32];
    (void)snprintf(coded, sizeof coded, "%.20s_base64", key);
    if (text == NULL)
        json_object_set_new(now, key, json_null());
    else
        json_set_text(now, key, text);
    json_t *a = json_object_get(object, coded), *b = json_object_get(now, coded);
    bool same = json_equal(json_object_get(object, key), json_object_get(now, key)) &&
                (a == b || json_equal(a, b));
    json_decref(now);
    return same;
}

/* The label stands in the ledger alone. */
static bool has_label(struct act *act, json_t *journal, const char *label) {
    json_int_t intent = json_integer_value(json_object_get(journal, "intent"));
    EX_AUTO_FREE struct entry *e = ex_new0(struct entry);
    json_t *row = NULL, *what = NULL;
    bool same = intent > 0 && project_row(act, (uint64_t)intent, e, &row, &what, NULL) == EX_OK &&
                strcmp(e->event, "collect.intent") == 0 && is_text(what, "label_text", label);
    json_decref(row);
    json_decref(what);
    return same;
}

/* Its item is there; only the directory was left behind. */
static bool is_held(const struct truth *t, json_t *journal) {
    uint8_t id[ENTRY_ID_BYTES];
    return json_get_hex(journal, "item_id", id, sizeof id) && truth_item_by_id(t, id) != NULL;
}

static ex_code take_work(struct many *m, const struct truth *t, const struct vault_unfinished *u,
                         struct ex_error *err) {
    json_t *journal = json_loads(u->what, 0, NULL);
    ex_code code = EX_OK;
    for (size_t i = 0; code == EX_OK && i < m->count && !is_held(t, journal); i++) {
        struct many_source *s = &m->source[i];
        if (s->work[0] != '\0' || !is_text(journal, "source", s->text[MANY_SOURCE]) ||
            !is_text(journal, "case", s->text[MANY_CASE]) ||
            !has_label(m->act, journal, s->text[MANY_LABEL]))
            continue;
        if (u->running)
            code = ex_hint(
                fail_source(m, s, MANY_SOURCE, EX_BUSY, "another process is collecting it", err),
                err, "wait for it, or take it out of the list");
        else if (u->resumable)
            (void)snprintf(s->work, sizeof s->work, "%s", u->name);
    }
    json_decref(journal);
    return code;
}

/* A queue that is run again goes on where it was: format/json §4.14. */
static ex_code find_work(struct many *m, struct ex_error *err) {
    EX_AUTO_FREE struct vault_unfinished *list = NULL;
    size_t count;
    EX_TRY(ex_alloc(VAULT_UNFINISHED_MAX, sizeof *list, (size_t)16 << 20, "unfinished work", &list,
                    err));
    EX_TRY(vault_work_list(m->act->vault, list, VAULT_UNFINISHED_MAX, &count, err));
    struct truth t = {0};
    ex_code code = count > 0 ? truth_load(m->act, &t, err) : EX_OK;
    for (size_t i = 0; code == EX_OK && i < count; i++)
        code = take_work(m, &t, &list[i], err);
    truth_clear(&t);
    return code;
}

/* ---- how many at once ---- */

/* Two that read from one disk at the same time are slower than one after the other. */
static unsigned count_disks(const struct many *m) {
    unsigned count = 0;
    for (size_t i = 0; i < m->count; i++) {
        size_t j = 0;
        while (j < i && !(m->source[i].has_disk && m->source[j].has_disk &&
                          m->source[i].disk == m->source[j].disk))
            j++;
        count += j == i;
    }
    return count;
}

static ex_code choose_jobs(struct many *m, struct ex_error *err) {
    const char *text = act_flag(m->act, FLAG_JOBS);
    uint64_t jobs;
    for (size_t i = 0; i < m->count; i++)
        m->source[i].has_disk = source_disk(m->source[i].text[MANY_SOURCE], &m->source[i].disk);
    m->jobs_given = text != NULL;
    m->jobs = count_disks(m);
    if (text == NULL) {
        m->jobs = m->jobs < MANY_JOBS_DEFAULT ? m->jobs : MANY_JOBS_DEFAULT;
        return EX_OK;
    }
    if (!ex_parse_decimal(text, strlen(text), &jobs) || jobs < 1 || jobs > MANY_JOBS_MAX)
        return ex_fail(err, EX_USAGE, "--jobs takes a number from 1 to %d", MANY_JOBS_MAX);
    m->jobs = (unsigned)jobs;
    return EX_OK;
}

ex_code collect_check_request(const struct request *r, struct ex_error *err) {
    static const enum flag_id one[] = {FLAG_LABEL, FLAG_SKIP_REGION, FLAG_FILL, FLAG_FILL_SKIPPED};
    bool queue = r->flag[FLAG_QUEUE] != NULL;
    if (r->operand_count == 0 && !queue)
        return ex_hint(ex_fail(err, EX_USAGE, "no source was named"), err,
                       "a file, a block device, - for standard input, or --queue FILE");
    if (r->operand_count > 0 && queue)
        return ex_fail(err, EX_USAGE, "a SOURCE and --queue cannot be given together");
    if (r->operand_count > 0 && r->flag[FLAG_CASE] == NULL)
        return ex_hint(ex_fail(err, EX_USAGE, "no case was named"), err,
                       "use --case N; exhibit case list shows them");
    for (size_t i = 0; i < sizeof one / sizeof one[0]; i++)
        if ((queue || r->operand_count > 1) && r->flag[one[i]] != NULL)
            return ex_hint(
                ex_fail(err, EX_USAGE, "--%s is for one source alone", flag_table[one[i]].name),
                err,
                one[i] == FLAG_LABEL ? "--queue FILE gives each source its label"
                                     : "collect that source by a command of its own");
    if (!queue && r->operand_count == 1 && r->flag[FLAG_JOBS] != NULL)
        return ex_fail(err, EX_USAGE, "--jobs is for several sources");
    return EX_OK;
}

ex_code many_list(struct many *m, struct ex_error *err) {
    bool queue = act_has_flag(m->act, FLAG_QUEUE);
    EX_TRY(ex_alloc(OPERANDS_MAX, sizeof *m->source, OPERANDS_MAX * sizeof *m->source, "the list",
                    &m->source, err));
    if (queue)
        EX_TRY(read_queue(m, err));
    else
        take_operands(m);
    EX_TRY(check_sources(m, err));
    if (queue)
        EX_TRY(find_work(m, err));
    return choose_jobs(m, err);
}
