/* SPDX-License-Identifier: Apache-2.0 */
/* The store, and the units that it is shared out into: "fID" what is in a folder, "mID.N" its
 * message N, "aID.N" its associated message N, "uID.N" one that its lists leave out, the N-th of
 * all that say that they are in it; "o" what no folder names, "oN" one of those; "r" what can be
 * recovered, "rN" one of those. */
#include "parsers/pst/pst.h"

#include "base/cursor.h"
#include "parsers/pst/pst_internal.h"

enum { PASSWORD = 0x67FF, NAME = 0x3001 };

/* ---- opening ---- */

static void close_store(void *state) {
    struct pst *p = state;
    if (p == NULL)
        return;
    if (p->folder != NULL)
        (void)libpff_item_free(&p->folder, NULL);
    if (p->file != NULL) {
        (void)libpff_file_close(p->file, NULL);
        (void)libpff_file_free(&p->file, NULL);
    }
    if (p->handle != NULL)
        (void)libbfio_handle_free(&p->handle, NULL);
    free(p);
}

/* The library is told nothing of character sets: texts are decoded here. */
static ex_code open_library(struct pst *p, struct ex_error *err) {
    EX_TRY(pst_input(p, err));
    if (libpff_check_file_signature_file_io_handle(p->handle, NULL) != 1)
        return ex_fail(err, EX_FORMAT, "it does not begin like a store of Outlook");
    if (libpff_file_initialize(&p->file, NULL) != 1)
        return ex_fail(err, EX_NOMEM, "no memory for a store");
    if (libpff_file_open_file_io_handle(p->file, p->handle, LIBPFF_OPEN_READ, NULL) != 1)
        return ex_fail(err, EX_FORMAT, "its head, or one of its indexes, cannot be read");
    return EX_OK;
}

static ex_code prepare(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    struct pst *p = ex_new0(struct pst);
    (void)parameters;
    p->run = run;
    ex_code code = open_library(p, err);
    if (code == EX_OK)
        *ret_state = p;
    else
        close_store(p);
    return code;
}

/* ---- the store ---- */

static ex_code tell_password(struct pst *p, const struct values *v, struct ex_error *err) {
    char text[40];
    uint64_t sum = values_number(v, SET_NONE, PASSWORD, MAPI_INTEGER);
    if (sum == 0)
        return EX_OK;
    (void)snprintf(text, sizeof text, "%08llx", (unsigned long long)sum);
    EX_TRY(tell_text(p->run, "password", "claimed", err));
    return tell_text(p->run, "password-checksum", text, err);
}

const char *store_format(struct pst *p) {
    uint8_t type = 0;
    (void)libpff_file_get_content_type(p->file, &type, NULL);
    return type == LIBPFF_FILE_CONTENT_TYPE_OST   ? "ost"
           : type == LIBPFF_FILE_CONTENT_TYPE_PAB ? "pab"
           : type == LIBPFF_FILE_CONTENT_TYPE_PST ? "pst"
                                                  : "unknown";
}

static ex_code tell_head(struct pst *p, struct ex_error *err) {
    uint8_t type = 0, encryption = 0;
    (void)libpff_file_get_type(p->file, &type, NULL);
    EX_TRY(tell_text(p->run, "format", store_format(p), err));
    EX_TRY(tell_text(p->run, "version",
                     type == LIBPFF_FILE_TYPE_32BIT           ? "ansi"
                     : type == LIBPFF_FILE_TYPE_64BIT_4K_PAGE ? "unicode-4k"
                     : type == LIBPFF_FILE_TYPE_64BIT         ? "unicode"
                                                              : "unknown",
                     err));
    if (libpff_file_get_encryption_type(p->file, &encryption, NULL) != 1)
        return EX_OK;
    return tell_text(p->run, "encryption",
                     encryption == LIBPFF_ENCRYPTION_TYPE_NONE           ? "none"
                     : encryption == LIBPFF_ENCRYPTION_TYPE_COMPRESSIBLE ? "compressible"
                     : encryption == LIBPFF_ENCRYPTION_TYPE_HIGH         ? "high"
                                                                         : "unknown",
                     err);
}

static ex_code tell_store(struct pst *p, struct ex_error *err) {
    libpff_item_t *store = NULL;
    struct gaps gaps = {0};
    struct values v = {.gaps = &gaps};
    struct bytes name = {0};
    uint32_t trace;
    bool there = libpff_file_get_message_store(p->file, &store, NULL) == 1 &&
                 values_load(store, 0, NULL, &gaps, &v, NULL) == EX_OK;
    ex_code code = values_text(&v, SET_NONE, NAME, &name, err);
    const struct parser_trace t = {.kind = PARSER_RECORD,
                                   .key = "store",
                                   .name = (const char *)name.data,
                                   .name_bytes = bytes_kept(&v, &name)};
    if (code == EX_OK)
        code = parser_trace(p->run, &t, &trace, err);
    if (code == EX_OK)
        code = tell_head(p, err);
    if (code == EX_OK && there)
        code = tell_password(p, &v, err);
    else if (code == EX_OK)
        code = tell_problem(p->run, trace, "properties", err, EX_FORMAT,
                            "what the store says of itself cannot be read");
    if (code == EX_OK)
        code = gaps_tell(p, trace, &gaps, err);
    free(name.data);
    values_clear(&v);
    if (store != NULL)
        (void)libpff_item_free(&store, NULL);
    EX_TRY(code);
    if (libpff_file_is_corrupted(p->file, NULL) == 1)
        return tell_problem(p->run, trace, "structure", err, EX_FORMAT,
                            "one of its indexes is not whole");
    return EX_OK;
}

static ex_code tell_root(struct pst *p, struct ex_error *err) {
    libpff_item_t *root = NULL;
    const struct finding f = {.key = "root"};
    if (libpff_file_get_root_folder(p->file, &root, NULL) != 1)
        return tell_problem(p->run, 0, "root", err, EX_FORMAT, "its first folder cannot be read");
    ex_code code = folder_tell(p, root, &f, false, err);
    (void)libpff_item_free(&root, NULL);
    return code;
}

static ex_code tell_all(struct pst *p, struct ex_error *err) {
    EX_TRY(tell_store(p, err));
    EX_TRY(tell_root(p, err));
    EX_TRY(parser_unit(p->run, 0, "o", 1, true, err));
    return parser_unit(p->run, 0, "r", 1, true, err);
}

static ex_code examine(struct parser_run *run, const char *parameters, void **ret_state,
                       struct ex_error *err) {
    void *state;
    EX_TRY(prepare(run, parameters, &state, err));
    ex_code code = tell_all(state, err);
    if (code == EX_OK)
        *ret_state = state;
    else
        close_store(state);
    return code;
}

/* ---- units ---- */

static ex_code find_folder(struct pst *p, uint32_t id, struct ex_error *err) {
    uint8_t type = 0;
    if (p->folder != NULL && p->folder_id == id)
        return EX_OK;
    if (p->folder != NULL)
        (void)libpff_item_free(&p->folder, NULL);
    p->folder = NULL;
    p->folder_id = id;
    if (libpff_file_get_item_by_identifier(p->file, id, &p->folder, NULL) != 1 ||
        p->folder == NULL || libpff_item_get_type(p->folder, &type, NULL) != 1 ||
        type != LIBPFF_ITEM_TYPE_FOLDER)
        return ex_fail(err, EX_FORMAT, "the folder cannot be read");
    return EX_OK;
}

static int get_message(struct pst *p, char letter, int number, libpff_item_t **ret) {
    return letter == 'm'   ? libpff_folder_get_sub_message(p->folder, number, ret, NULL)
           : letter == 'a' ? libpff_folder_get_sub_associated_content(p->folder, number, ret, NULL)
                           : libpff_item_get_sub_item(p->folder, number, ret, NULL);
}

static ex_code work_message(struct pst *p, char letter, int number, struct ex_error *err) {
    libpff_item_t *item = NULL;
    char key[PST_KEY_BYTES];
    uint32_t id = 0;
    if (get_message(p, letter, number, &item) != 1 ||
        libpff_item_get_identifier(item, &id, NULL) != 1) {
        if (item != NULL)
            (void)libpff_item_free(&item, NULL);
        return ex_fail(err, EX_FORMAT, "a message that its folder names cannot be read");
    }
    bool associated =
        letter == 'a' || (letter == 'u' && (id & PST_NODE_TYPE) == PST_NODE_ASSOCIATED);
    (void)snprintf(key, sizeof key, "%c%u", associated ? 'a' : 'm', id);
    const struct finding f = {.key = key, .associated = associated, .unlisted = letter == 'u'};
    ex_code code = message_tell(p, item, &f, err);
    (void)libpff_item_free(&item, NULL);
    return code;
}

/* Of a store's own bookkeeping, which no folder names either, nothing is told. */
static ex_code work_loose(struct pst *p, libpff_item_t *item, char letter, int number,
                          struct ex_error *err) {
    char key[PST_KEY_BYTES];
    uint32_t id = 0;
    ex_code code = EX_OK;
    (void)snprintf(key, sizeof key, "%c%d", letter, number);
    (void)libpff_item_get_identifier(item, &id, NULL);
    const struct finding f = {.key = key,
                              .flags = PARSER_ORPHAN,
                              .associated = (id & PST_NODE_TYPE) == PST_NODE_ASSOCIATED};
    if (pst_is_folder(id)) /* what is in it is loose, too: libpff finds it by no other way */
        code = folder_tell(p, item, &f, true, err);
    else if ((id & PST_NODE_TYPE) == PST_NODE_MESSAGE ||
             (id & PST_NODE_TYPE) == PST_NODE_ASSOCIATED)
        code = message_tell(p, item, &f, err);
    (void)libpff_item_free(&item, NULL);
    return code;
}

/* libpff counts a folder once more for each item in it. */
static bool was_before(struct pst *p, libpff_item_t *item, int number) {
    uint32_t id = 0, other_id;
    bool same = false;
    (void)libpff_item_get_identifier(item, &id, NULL);
    for (int i = number > PST_ORPHANS_BEFORE ? number - PST_ORPHANS_BEFORE : 0; i < number && !same;
         i++) {
        libpff_item_t *other = NULL;
        same = libpff_file_get_orphan_item_by_index(p->file, i, &other, NULL) == 1 &&
               libpff_item_get_identifier(other, &other_id, NULL) == 1 && other_id == id;
        if (other != NULL)
            (void)libpff_item_free(&other, NULL);
    }
    return same;
}

static ex_code work_orphan(struct pst *p, int number, struct ex_error *err) {
    libpff_item_t *item = NULL;
    if (libpff_file_get_orphan_item_by_index(p->file, number, &item, NULL) != 1)
        return ex_fail(err, EX_FORMAT, "an item that no folder names cannot be read");
    if (was_before(p, item, number)) {
        (void)libpff_item_free(&item, NULL);
        return EX_OK;
    }
    return work_loose(p, item, 'o', number, err);
}

static ex_code recover(struct pst *p, struct ex_error *err) {
    if (!p->recovered && libpff_file_recover_items(p->file, 0, NULL) != 1)
        return ex_fail(err, EX_FORMAT, "what is not in use cannot be searched");
    p->recovered = true;
    return EX_OK;
}

static ex_code work_recovered(struct pst *p, int number, struct ex_error *err) {
    libpff_item_t *item = NULL;
    EX_TRY(recover(p, err));
    if (libpff_file_get_recovered_item_by_index(p->file, number, &item, NULL) != 1)
        return ex_fail(err, EX_FORMAT, "an item that was recovered cannot be read");
    return work_loose(p, item, 'r', number, err);
}

static ex_code leave_loose(struct pst *p, char letter, int count, struct ex_error *err) {
    for (int i = 0; i < count && i < PST_ITEMS_MAX; i++) {
        char unit[PST_KEY_BYTES];
        (void)snprintf(unit, sizeof unit, "%c%d", letter, i);
        EX_TRY(parser_unit(p->run, 0, unit, strlen(unit), true, err));
    }
    if (count <= PST_ITEMS_MAX)
        return EX_OK;
    return tell_problem(p->run, 0, letter == 'o' ? "orphans" : "recovered", err, EX_LIMIT,
                        "more than %d items that no folder names, or that can be recovered",
                        PST_ITEMS_MAX);
}

static ex_code count_loose(struct pst *p, char letter, struct ex_error *err) {
    int count = 0, got;
    if (letter == 'r')
        EX_TRY(recover(p, err));
    got = letter == 'r' ? libpff_file_get_number_of_recovered_items(p->file, &count, NULL)
                        : libpff_file_get_number_of_orphan_items(p->file, &count, NULL);
    if (got != 1)
        return ex_fail(err, EX_FORMAT, "what no folder names cannot be counted");
    return leave_loose(p, letter, count, err);
}

/* Our own words, which came back. */
static bool read_unit(const void *unit, size_t size_bytes, char *letter, uint64_t number[2]) {
    char text[PST_KEY_BYTES], *point;
    if (size_bytes == 0 || size_bytes >= sizeof text)
        return false;
    memcpy(text, unit, size_bytes);
    text[size_bytes] = '\0';
    *letter = text[0];
    number[0] = number[1] = UINT64_MAX;
    point = strchr(text, '.');
    if (point != NULL) {
        *point++ = '\0';
        if (!ex_parse_decimal(point, strlen(point), &number[1]) || number[1] > INT32_MAX)
            return false;
    }
    return text[1] == '\0' ||
           (ex_parse_decimal(text + 1, strlen(text + 1), &number[0]) && number[0] <= UINT32_MAX);
}

static ex_code work(struct parser_run *run, void *state, const void *unit, size_t size_bytes,
                    struct ex_error *err) {
    struct pst *p = state;
    char letter;
    uint64_t number[2];
    p->run = run;
    if (!read_unit(unit, size_bytes, &letter, number))
        return ex_fail(err, EX_INTERNAL, "not a unit of this parser");
    if (strchr("fmau", letter) != NULL)
        EX_TRY(find_folder(p, (uint32_t)number[0], err));
    if (letter == 'f')
        return folder_work(p, p->folder, (uint32_t)number[0], err);
    if (letter == 'm' || letter == 'a' || letter == 'u')
        return work_message(p, letter, (int)number[1], err);
    if (number[0] == UINT64_MAX)
        return count_loose(p, letter, err);
    return letter == 'o' ? work_orphan(p, (int)number[0], err)
                         : work_recovered(p, (int)number[0], err);
}

static const char *library(void) {
    static char text[48];
    (void)snprintf(text, sizeof text, "libpff %s", libpff_get_version());
    return text;
}

const struct parser pst_parser = {.name = "pst",
                                  .version = 2,
                                  .library = library,
                                  .examine = examine,
                                  .prepare = prepare,
                                  .work = work,
                                  .close = close_store};
