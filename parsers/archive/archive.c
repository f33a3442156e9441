/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of an archive, one after the other. */
#include "parsers/archive/archive.h"

#include "parsers/archive/archive_internal.h"

#include <stdio.h>

static void end_unpacking(struct unpacking *u) {
    unpack_close(u);
    free(u);
}
EX_DEFINE_AUTO(struct unpacking, end_unpacking);

static bool is_of(const struct unpacking *u, int format) {
    return (archive_format(u->archive) & ARCHIVE_FORMAT_BASE_MASK) == format;
}

/* An entry that cannot be told. *ret_end: the others behind it cannot be either. */
static ex_code tell_fault(struct unpacking *u, int code, bool *ret_end, struct ex_error *err) {
    char key[UNPACK_KEY_BYTES];
    struct ex_error why;
    bool hidden = archive_read_has_encrypted_entries(u->archive) == 1;
    *ret_end = code == ARCHIVE_FATAL || ++u->faults >= UNPACK_FAULTS_MAX;
    if (code != ARCHIVE_FATAL && *ret_end)
        EX_TRY(tell_problem(u->run, 0, "end", err, EX_LIMIT,
                            "given up: %d of its entries cannot be told", UNPACK_FAULTS_MAX));
    unpack_reason(u, &why);
    if (code == ARCHIVE_FATAL && why.code == EX_FORMAT && hidden && u->told == 0)
        why.code = EX_DENIED; /* not even its names */
    (void)snprintf(key, sizeof key, "e%llu", (unsigned long long)u->entries);
    u->entries++;
    return parser_trace_problem(u->run, 0, key, &why, err);
}

/* A warning: what it says of an entry is told all the same. It is about the entry's record and not
 * about its content, so it does not stand under it. */
static ex_code tell_warning(struct unpacking *u, struct ex_error *err) {
    char key[UNPACK_KEY_BYTES];
    (void)snprintf(key, sizeof key, "e%llu-record", (unsigned long long)u->entries);
    return unpack_problem(u, 0, key, err);
}

static ex_code read_entries(struct unpacking *u, struct ex_error *err) {
    for (bool end = false; !end;) {
        struct archive_entry *entry = NULL;
        if (u->entries >= UNPACK_ENTRIES_MAX)
            return tell_problem(u->run, 0, "end", err, EX_LIMIT, "more than %d entries",
                                UNPACK_ENTRIES_MAX);
        u->input.unread.code = EX_OK;
        int code = archive_read_next_header(u->archive, &entry);
        EX_TRY(unpack_check(u, err));
        if (code == ARCHIVE_EOF)
            return EX_OK;
        if (code < ARCHIVE_WARN && u->told == 0 && u->way == UNPACK_FORMATS &&
            is_of(u, ARCHIVE_FORMAT_ZIP))
            return EX_OK; /* examine() tries it in the other way */
        if (code == ARCHIVE_FATAL && u->way == UNPACK_ZIP_STREAM && u->input.unread.code == EX_OK &&
            archive_error_string(u->archive) == NULL)
            return EX_OK; /* behind the last member; that there is no directory is told */
        if (code == ARCHIVE_WARN)
            EX_TRY(tell_warning(u, err));
        if (code < ARCHIVE_WARN)
            EX_TRY(tell_fault(u, code, &end, err));
        else
            EX_TRY(unpack_entry(u, entry, err));
    }
    return EX_OK;
}

/* A compressed file of no bytes has no entry in libarchive's eyes. */
static ex_code tell_nothing(struct unpacking *u, struct ex_error *err) {
    struct parser_trace t = {.kind = PARSER_MEMBER, .flags = PARSER_SIZED, .key = "content"};
    uint32_t trace;
    EX_TRY(parser_trace(u->run, &t, &trace, err));
    return unpack_packing(u, err);
}

/* A ZIP is found by the directory at its end, and without one by its beginning. */
static ex_code read_zip_stream(struct unpacking *u, struct ex_error *err) {
    EX_TRY(unpack_open(u, UNPACK_ZIP_STREAM, err));
    EX_TRY(tell_problem(u->run, 0, "directory", err, EX_FORMAT,
                        "the directory of this ZIP is missing or broken; it was read from its "
                        "beginning, as far as it goes"));
    return read_entries(u, err);
}

/* libarchive leaves out what it cannot read of a directory, and says nothing. */
static ex_code check_zip(struct unpacking *u, bool *ret_again, struct ex_error *err) {
    struct ex_error why;
    bool known;
    uint64_t count;
    *ret_again = u->entries == 0;
    if (archive_errno(u->archive) != 0 && u->entries == 0) {
        unpack_reason(u, &why);
        return parser_trace_problem(u->run, 0, "zip", &why, err);
    }
    EX_TRY(zip_count(u, &known, &count, err));
    *ret_again = *ret_again && known && count > 0;
    if (!known || count == u->entries || *ret_again)
        return EX_OK;
    return tell_problem(u->run, 0, "count", err, EX_FORMAT,
                        "the directory of this ZIP counts %llu members, and %llu were found",
                        (unsigned long long)count, (unsigned long long)u->entries);
}

static ex_code read_formats(struct unpacking *u, struct ex_error *err) {
    bool again;
    EX_TRY(unpack_open(u, UNPACK_FORMATS, err));
    EX_TRY(read_entries(u, err));
    /* libarchive takes any zeros for a tar that is empty */
    if (u->entries == 0 && is_of(u, ARCHIVE_FORMAT_TAR))
        return ex_fail(err, EX_FORMAT, "nothing but zeros");
    /* a few bytes that look like a format's do not make a compressed file an archive */
    if (u->told == 0 && archive_filter_code(u->archive, 0) != ARCHIVE_FILTER_NONE)
        return ex_fail(err, EX_FORMAT, "nothing in what is compressed");
    if (!is_of(u, ARCHIVE_FORMAT_ZIP))
        return EX_OK;
    EX_TRY(check_zip(u, &again, err));
    ex_code code = again ? read_zip_stream(u, err) : EX_OK;
    return code == EX_FORMAT ? EX_OK : code;
}

static ex_code read_compressed(struct unpacking *u, struct ex_error *err) {
    uint64_t before = u->entries;
    EX_TRY(unpack_open(u, UNPACK_COMPRESSED, err));
    EX_TRY(read_entries(u, err));
    return u->entries == before ? tell_nothing(u, err) : EX_OK;
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    EX_AUTO(end_unpacking) struct unpacking *u = ex_new0(struct unpacking);
    (void)parameters;
    archive_process_setup();
    u->run = run;
    ex_code code = read_formats(u, err);
    if (code == EX_FORMAT && u->told == 0)
        code = read_zip_stream(u, err);
    if (code == EX_FORMAT && u->told == 0)
        code = read_compressed(u, err);
    if (code == EX_FORMAT && u->told == 0 && u->wrapped.code != EX_OK)
        code = parser_trace_problem(run, 0, "content", &u->wrapped, err);
    if (code == EX_OK)
        *ret_state = NULL;
    return code;
}

static void close_nothing(void *state) {
    (void)state;
}

const struct parser archive_parser = {.name = "archive",
                                      .version = 1,
                                      .library = archive_version_string,
                                      .examine = examine,
                                      .close = close_nothing};
