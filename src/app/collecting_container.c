/* SPDX-License-Identifier: Apache-2.0 */
/* An image that somebody made: whether it is taken for what is in it, and what it states. */
#include "app/collecting_internal.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILES_LISTED_BEFORE = 100,    /* in the intent */
    FILES_LISTED_BYTES = 8 << 20, /* of JSON; a name may be long, and there may be 16,384 */
    STATED_LISTED = 200,
    STATED_BYTES_MAX = 3000 /* of one value */
};

static const char *const formats[] = {"aff4", "ewf", "qcow2", "split", "vhd", "vhdx", "vmdk"};

static const char as_file_hint[] =
    "--container file collects it as the file that it is; docs/containers.md says what can be read";

/* ---- which ---- */

/* What its first and last bytes say; false: no regular file, or none that can be read (opening it
 * says why). */
static bool kind_of_file(const char *path, struct kind *ret, struct kind *ret_tail) {
    int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    uint8_t part[KIND_HEAD_BYTES];
    struct stat st;
    EX_AUTO_FD int fd = strcmp(path, "-") == 0 ? -1 : open(path, flags | O_NOATIME);
    if (fd < 0 && errno == EPERM)
        fd = open(path, flags);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    ssize_t got = pread(fd, part, sizeof part, 0);
    kind_of_bytes(part, got < 0 ? 0 : (size_t)got, ret);
    off_t from = st.st_size > KIND_TAIL_BYTES ? st.st_size - KIND_TAIL_BYTES : 0;
    got = pread(fd, part, KIND_TAIL_BYTES, from);
    (void)kind_of_tail(part, got < 0 ? 0 : (size_t)got, ret_tail);
    return true;
}

static ex_code format_asked(const char *word, const char **ret, struct ex_error *err) {
    char all[160] = "";
    for (size_t i = 0, used = 0; i < sizeof formats / sizeof formats[0]; i++) {
        used += (size_t)snprintf(all + used, sizeof all - used, ", %s", formats[i]);
        if (strcmp(formats[i], word) == 0) {
            *ret = formats[i];
            return EX_OK;
        }
    }
    return ex_hint(ex_fail(err, EX_USAGE, "--container does not take \"%.40s\"", word), err,
                   "auto (by its first and last bytes), file (as the file that it is)%s", all);
}

/* A disk may end like that by chance, or because somebody wanted it to: what it is decides about
 * which bytes are held, so the officer says it. */
static ex_code ask(const char *path, const char *format, struct ex_error *err) {
    return ex_hint(
        ex_fail(err, EX_USAGE,
                "\"%.100s\" ends like an image (%s), and does not begin like one: it may "
                "also be a raw image of a disk that ends so",
                path, format),
        err, "--container %s takes what is in it, --container file all of its bytes", format);
}

static ex_code choose(struct act *act, const char *path, const char **ret, struct ex_error *err) {
    const char *how = act_flag(act, FLAG_CONTAINER);
    struct kind kind, tail;
    *ret = NULL;
    if (how != NULL && strcmp(how, "file") == 0)
        return EX_OK;
    bool regular = kind_of_file(path, &kind, &tail);
    if (how != NULL && strcmp(how, "auto") != 0) {
        EX_TRY(format_asked(how, ret, err));
        return regular || (access(path, R_OK) != 0 && strcmp(path, "-") != 0)
                   ? EX_OK
                   : ex_fail(err, EX_USAGE, "--container %s is for files, and \"%.100s\" is none",
                             how, path);
    }
    if (!regular)
        return EX_OK;
    *ret = kind_parser(&kind);
    if (*ret == NULL && container_is_first_part(path))
        *ret = "split";
    const char *at_end = kind_parser(&tail);
    return *ret == NULL && at_end != NULL ? ask(path, at_end, err) : EX_OK;
}

ex_code collecting_open_container(struct act *act, struct collecting *c, const char *path,
                                  struct ex_error *err) {
    const char *format;
    EX_TRY(choose(act, path, &format, err));
    if (format == NULL || c->source != NULL)
        return EX_OK;
    const atomic_bool *stop = act->face->progress != NULL ? &act->face->progress->stop : NULL;
    ex_code code = source_open_container(path, format, stop, &c->source, err);
    if (code != EX_OK && code != EX_INTERRUPTED && err != NULL && err->hint[0] == '\0')
        (void)ex_hint(code, err, "%s", as_file_hint);
    return code;
}

/* ---- what it states ---- */

static const char *verdict_word(enum container_verdict v) {
    return v == CONTAINER_HASH_AGREES    ? "agrees"
           : v == CONTAINER_HASH_DIFFERS ? "differs"
           : v == CONTAINER_HASH_OPEN    ? "no-conclusion"
                                         : "not-compared";
}

static json_t *file_json(const struct container_file *f, bool whole) {
    json_t *one = json_pack("{s:o}", "size_bytes", json_number(f->identity.size_bytes));
    json_set_text(one, "path", f->path);
    if (whole && f->hashed)
        json_object_set_new(one, "sha256", json_hex(f->sha256, SHA256_BYTES));
    else if (whole)
        json_set_text(one, "not_hashed", f->not_hashed);
    return one;
}

static json_t *files_json(const struct container_report *r, bool whole) {
    json_t *list = json_array();
    uint64_t bytes = 0;
    size_t listed = 0, hashed = 0;
    for (size_t i = 0; i < r->file_count; i++) {
        json_t *one = file_json(&r->file[i], whole);
        bytes += r->file[i].identity.size_bytes;
        hashed += r->file[i].hashed;
        listed += json_dumpb(one, NULL, 0, JSON_COMPACT);
        if (listed <= FILES_LISTED_BYTES && (whole || i < FILES_LISTED_BEFORE))
            json_array_append(list, one);
        json_decref(one);
    }
    json_t *files = json_pack("{s:o, s:o, s:o}", "count", json_number(r->file_count), "bytes",
                              json_number(bytes), "list", list);
    if (whole)
        json_object_set_new(files, "hashed", json_number(hashed));
    return files;
}

/* Any bytes; a NUL, which no text can hold, becomes one that is no UTF-8 either. */
static void set_stated(json_t *json, const struct sandbox_fact *f) {
    char value[STATED_BYTES_MAX + 1];
    size_t size = f->size_bytes < STATED_BYTES_MAX ? f->size_bytes : STATED_BYTES_MAX;
    for (size_t i = 0; i < size; i++)
        value[i] = (char)(f->value[i] != 0 ? f->value[i] : 0xFF);
    value[size] = '\0';
    json_set_text(json, "value", value);
    if (f->size_bytes > size)
        json_object_set_new(json, "cut", json_true());
}

static bool said_before(const struct sandbox_content *c, size_t i) {
    const struct sandbox_fact *f = &c->fact[i], *other = c->fact;
    for (; other < f; other++)
        if (strcmp(other->name, f->name) == 0 && other->size_bytes == f->size_bytes &&
            memcmp(other->value, f->value, f->size_bytes) == 0)
            return true;
    return false;
}

/* What its reader counted, and the image does not say of itself. */
static bool is_counted(const char *name) {
    static const char *const counted[] = {"segments",        "parts",       "part-bytes",
                                          "allocated-bytes", "chunk-bytes", "extents"};
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++)
        if (strcmp(name, counted[i]) == 0)
            return true;
    return false;
}

static json_t *facts_json(const struct sandbox_content *c, bool counted, uint64_t *ret_left_out) {
    json_t *list = json_array();
    for (size_t i = 0; i < c->fact_count; i++) {
        if (said_before(c, i) || strcmp(c->fact[i].name, "warning") == 0 ||
            is_counted(c->fact[i].name) != counted)
            continue;
        if (json_array_size(list) == STATED_LISTED) {
            ++*ret_left_out;
            continue;
        }
        json_t *one = json_pack("{s:s}", "name", c->fact[i].name);
        set_stated(one, &c->fact[i]);
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *hashes_json(const struct container_report *r) {
    json_t *list = json_array();
    for (size_t i = 0; i < r->hash_count; i++) {
        const struct container_hash *h = &r->hash[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s?, s:s}", "name", h->fact,
                                              "algorithm", h->algorithm, "stated", h->stated,
                                              "found", h->found[0] == '\0' ? NULL : h->found,
                                              "verdict", verdict_word(h->verdict)));
    }
    return list;
}

static json_t *places_json(const struct container_places *p) {
    json_t *list = json_array();
    for (size_t i = 0; i < p->count && i < CONTAINER_DAMAGE_LISTED; i++) {
        json_t *one = json_pack("{s:o, s:o}", "offset", json_number(p->listed[i].offset), "length",
                                json_number(p->listed[i].length));
        json_set_text(one, "why", p->listed[i].why);
        json_array_append_new(list, one);
    }
    return json_pack("{s:o, s:o}", "count", json_number(p->count), "list", list);
}

json_t *collecting_container_json(const struct collecting *c, bool whole) {
    struct container_report r;
    uint64_t left_out = 0;
    if (c->source == NULL || !source_container_report(c->source, &r))
        return NULL;
    json_t *json = json_pack("{s:s, s:o, s:s}", "format", r.format, "files", files_json(&r, whole),
                             "confinement", r.confinement);
    if (!whole)
        return json;
    json_object_set_new(json, "stated", facts_json(r.content, false, &left_out));
    json_object_set_new(json, "counted", facts_json(r.content, true, &left_out));
    if (left_out > 0)
        json_object_set_new(json, "stated_left_out", json_number(left_out));
    json_object_set_new(json, "hashes", hashes_json(&r));
    json_object_set_new(json, "damage", places_json(r.damage));
    if (r.disk_errors->count > 0)
        json_object_set_new(json, "disk_errors", places_json(r.disk_errors));
    json_object_set_new(json, "workers_lost", json_number(r.workers_lost));
    json_object_set_new(json, "stated_but_there", json_number(r.stated_but_there));
    return json;
}

/* ---- what an officer must be told ---- */

static void warn_of_hash(json_t *list, const struct container_hash *h) {
    json_array_append_new(list,
                          json_sprintf("THE CONTENT IS NOT WHAT THE IMAGE SAYS OF IT: its %s is "
                                       "%s, and the image states %s; one was changed, or never "
                                       "belonged to the other",
                                       h->algorithm, h->found, h->stated));
}

static void warn_of_open_hash(json_t *list, const struct container_hash *h) {
    json_array_append_new(
        list, json_sprintf("the image states another %s (%s) than what came has (%s). Zeros stand "
                           "for some of it, so that alone may be why, or not: nothing follows from "
                           "it, and nothing vouches for the rest",
                           h->algorithm, h->stated, h->found));
}

static void warn_of_files(json_t *list, const struct container_report *r) {
    size_t hashed = 0;
    for (size_t i = 0; i < r->file_count; i++)
        hashed += r->file[i].hashed;
    if (hashed < r->file_count)
        json_array_append_new(
            list, json_sprintf("of the image's %zu files %zu could not be hashed: the list of them "
                               "says why",
                               r->file_count, r->file_count - hashed));
    if (r->disk_errors->count > 0)
        json_array_append_new(
            list, json_sprintf("the disk on which the image lies did not give all of it: %zu "
                               "places of the content are missing for that, and not because the "
                               "image is damaged",
                               r->disk_errors->count));
}

static void warn_of_words(json_t *list, const char *format, const struct sandbox_fact *f) {
    enum { WORDS = 500 };
    char text[WORDS + 100];
    json_t *holder = json_object();
    (void)snprintf(text, sizeof text, "the reader of %s says: %.*s", format, WORDS,
                   (const char *)f->value);
    json_set_text(holder, "text", text);
    json_array_append(list, json_object_get(holder, "text"));
    json_decref(holder);
}

json_t *collecting_container_warnings(const struct collecting *c) {
    struct container_report r;
    json_t *list = json_array();
    if (!source_container_report(c->source, &r))
        return list;
    for (size_t i = 0; i < r.hash_count; i++)
        if (r.hash[i].verdict == CONTAINER_HASH_DIFFERS)
            warn_of_hash(list, &r.hash[i]);
        else if (r.hash[i].verdict == CONTAINER_HASH_OPEN)
            warn_of_open_hash(list, &r.hash[i]);
    warn_of_files(list, &r);
    if (r.stated_but_there > 0)
        json_array_append_new(
            list, json_sprintf("the image lists %llu bytes as not readable when it was made, and "
                               "holds bytes for them all the same: they are kept",
                               (unsigned long long)r.stated_but_there));
    for (size_t i = 0, said = 0; i < r.content->fact_count && said < STATED_LISTED; i++)
        if (strcmp(r.content->fact[i].name, "warning") == 0 && !said_before(r.content, i)) {
            warn_of_words(list, r.format, &r.content->fact[i]);
            said++;
        }
    return list;
}

bool collecting_container_is_partial(const struct collecting *c) {
    struct container_report r;
    if (!source_container_report(c->source, &r))
        return false;
    for (size_t i = 0; i < r.hash_count; i++)
        if (r.hash[i].verdict == CONTAINER_HASH_DIFFERS)
            return true;
    return false;
}
